/**
 * Who somebody is, and which rooms they may enter.
 *
 * THE PLACE FOR YOUR OWN LOGIN. This one is for a demo: it believes everybody, and
 * lets them into every room. Look at the session that your login has made instead
 * (a cookie, an Authorization header), and at whom the room belongs to.
 */

const MAX_LENGTH = 40;

/** The id of the user; undefined for whoever may not enter the room. */
export const findUser = async (
  request: Request,
  _room: string,
): Promise<string | undefined> => {
  const name = new URL(request.url).searchParams.get('user')?.trim();
  return name && name.length <= MAX_LENGTH ? name : undefined;
};
