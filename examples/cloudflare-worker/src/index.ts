/** The Worker: lets people into rooms, and hands out what lets them in. */
import {type Lobby, routePartykitRequest} from 'partyserver';
import {findUser} from './login';
import {setUser} from './room';
import {signToken, verifyToken} from './token';

export {Room} from './room';

const handOutToken = async (
  request: Request,
  env: Cloudflare.Env,
): Promise<Response> => {
  const room = new URL(request.url).searchParams.get('room') ?? '';
  const user = await findUser(request, room);
  return user
    ? new Response(await signToken({user, room}, env.TOKEN_SECRET))
    : new Response('Log in first', {status: 401});
};

/** Asked before a room is reached, for WebSockets and HTTP alike. */
const admit = async (
  request: Request,
  room: string,
  env: Cloudflare.Env,
): Promise<Request | Response> => {
  const token = new URL(request.url).searchParams.get('token') ?? '';
  const user = await verifyToken(token, room, env.TOKEN_SECRET);
  return user === undefined
    ? new Response('No token for this room and time', {status: 401})
    : setUser(request, user);
};

export default {
  async fetch(request, env) {
    const {pathname} = new URL(request.url);
    if (pathname == '/token' && request.method == 'POST') {
      return await handOutToken(request, env);
    }
    const ask = (request: Request, {name}: Lobby) => admit(request, name, env);
    const response = await routePartykitRequest(request, env, {
      onBeforeConnect: ask,
      onBeforeRequest: ask,
    });
    return response ?? new Response('Not found', {status: 404});
  },
} satisfies ExportedHandler<Cloudflare.Env>;
