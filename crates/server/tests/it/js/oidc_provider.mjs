// A real OpenID Connect provider (npm's oidc-provider) for tests, with its own sign-in pages for developers: any name signs in
// with any password. POST /test/groups/NAME sets the groups of a name.
//
// In:  a folder of packages, the redirect address of its one client.   Out: its issuer, a line.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [packages] = process.argv.slice(2);
const { default: Provider } = await import(pathToFileURL(`${packages}/oidc-provider/lib/index.js`));
const groups = new Map();

const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://localhost:${server.address().port}`;

const provider = (redirect) => new Provider(issuer, {
  clients: [{
    client_id: "countersign",
    client_secret: "a secret between two programs",
    redirect_uris: [redirect],
    grant_types: ["authorization_code"],
    response_types: ["code"],
  }],
  scopes: ["openid", "profile", "groups"],
  claims: { openid: ["sub"], profile: ["name", "preferred_username"], groups: ["groups"] },
  pkce: { required: () => true },
  features: { devInteractions: { enabled: true } },
  cookies: { keys: ["only for tests"] },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: `${id} Example`, preferred_username: id, groups: groups.get(id) || [] }),
  }),
  // Nobody is asked for consent: the client belongs to the same house.
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile groups");
    await grant.save();
    return grant;
  },
});

let callback;
server.on("request", (request, response) => {
  const [, what, name] = request.url.match(/^\/test\/(redirect|groups)\/?(\w*)$/) || [];
  if (!what) return callback(request, response);
  let body = "";
  request.on("data", (chunk) => { body += chunk; });
  request.on("end", () => {
    if (what === "groups") groups.set(name, JSON.parse(body));
    else callback = provider(JSON.parse(body)).callback();
    response.end();
  });
});
console.log(issuer);
