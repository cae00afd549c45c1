/**
 * Takes one side off the network and back.
 */
type Props = {online: boolean; setOnline: (online: boolean) => void};

export const OnlineSwitch = ({online, setOnline}: Props) => (
  <button
    type="button"
    role="switch"
    className="switch"
    aria-checked={online}
    onClick={() => setOnline(!online)}
  >
    <span>Online</span>
  </button>
);
