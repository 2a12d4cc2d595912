// Drives Genesys' official JavaScript client against the fake at 127.0.0.1:PORT, and prints a line of JSON for
// everything that the client told. TestOfficialJavaScriptClient starts it and judges what it prints.
'use strict';

const platform = require('purecloud-platform-client-v2');

const client = platform.ApiClient.instance;
const api = new platform.IntegrationsApi();
const action = 'custom_-_2f1e4b60-7d9c-4b6e-9f5a-0c1d2e3f4a5b';

function print(step, told) {
  console.log(JSON.stringify({ step, ...told }));
}

// told picks what callers decide on, of an extended response, of an axios error, or of a bare body.
function told(seen) {
  const from = seen.response ? { status: seen.response.status, headers: seen.response.headers, body: seen.response.data } : seen;
  const headers = from.headers || {};
  return {
    status: from.status,
    correlationId: headers['inin-correlation-id'],
    retryAfter: headers['retry-after'],
    contentType: headers['content-type'],
    body: from.body === undefined ? from : from.body,
  };
}

async function step(name, call) {
  try {
    print(name, { ok: true, ...told(await call()) });
  } catch (failure) {
    print(name, { ok: false, ...told(failure) });
  }
}

const execute = (id, input, opts) => api.postIntegrationsActionExecute(id, input, opts || {});

async function main() {
  client.setGateway({ host: '127.0.0.1', protocol: 'http', port: Number(process.env.PORT) });
  client.setReturnExtendedResponses(true);
  print('time-out', { ok: true, body: client.timeout });

  await step('no token', () => execute(action, { contact: 'c-0' }));
  await step('wrong secret', () => client.loginClientCredentialsGrant('id', 'wrong'));
  await step('login', async () => {
    const granted = await client.loginClientCredentialsGrant('id', 'secret+of/the=client');
    return { status: 200, body: { token: granted.accessToken, life: granted.tokenExpiryTime - Date.now() } };
  });

  await step('execute', () => execute(action, { contact: 'c-1', priority: 3, vip: true, ratio: 0.5, note: null }));
  await step('execute, flat', () => execute(action, { contact: 'c-2' }, { flatten: false }));
  await step('another action', () => execute('custom_-_of-old', { contact: 'c-3' }));
  await step('too large', () => execute(action, { contact: 'x'.repeat(512000) }));
  await step('describe', () => api.getIntegrationsAction(action, { expand: 'contract', includeConfig: true }));
  for (const answer of process.env.ANSWERS.split(',')) {
    await step(answer, () => execute(action, { contact: answer }));
  }
  client.setReturnExtendedResponses(false);
  await step('bare result', () => execute(action, { contact: 'c-4' }));
  await step('bare failure', () => execute(action, { contact: '403' }));
  client.setReturnExtendedResponses(true);

  await fetch(`http://127.0.0.1:${process.env.PORT}/_faults`, { method: 'PUT', body: '{"revoke":true}' });
  await step('revoked', () => execute(action, { contact: 'c-5' }));
}

// The client keeps its connections; the answer to what was asked is all that is wanted.
main().then(() => process.exit(0), (failure) => {
  console.error(failure);
  process.exit(1);
});
