// Drives graphql-ws, graphql-sse and Apollo Client against two servers of one database, and says what it saw.
// Started by tests/clients/prove.py, which does what a line {"do": …} asks for and answers with a line.
import assert from 'node:assert/strict';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';
import { ApolloClient, ApolloLink, gql, HttpLink, InMemoryCache } from '@apollo/client';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { OperationTypeNode } from 'graphql';
import { createClient as eventClient } from 'graphql-sse';
import { createClient as socketClient } from 'graphql-ws';

const { FIRST, SECOND, EMAIL, PASSWORD } = process.env;
const SOCKET = (url) => url.replace('http', 'ws');
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const SIGN_IN = `mutation ($email: String!, $password: String!) {
  signIn(input: {email: $email, password: $password, tenantSlug: "suraksha"}) {
    accessToken refreshToken errors { code message }
  }
}`;
const REFRESH = `mutation ($token: String!) {
  tokenRefresh(input: {refreshToken: $token}) { accessToken errors { code message } }
}`;
const CREATE = `mutation ($name: String!) {
  contactCreate(input: {firstName: $name}) { contact { id firstName } position errors { code message } }
}`;
const UPDATE = `mutation ($id: ID!, $title: String!) {
  contactUpdate(input: {id: $id, jobTitle: $title}) { contact { id jobTitle } position errors { code message } }
}`;
const CONTACT = 'query ($id: ID!) { contact(id: $id) { id firstName jobTitle } }';
const FOLLOW = `subscription ($id: ID!, $after: Position) {
  contactChanged(filter: {contactIds: [$id]}, after: $after) {
    __typename
    ... on ContactChange { position object { id jobTitle } }
    ... on Gap { from to }
    ... on Reconnect { afterMs position }
  }
}`;

let token;
let contact;

/** Asks who started us to do something, and waits until it is done. */
async function ask(what, value) {
  console.log(JSON.stringify({ do: what, value }));
  await lines.next();
}

function saw(text) {
  console.log(`  saw: ${text}`);
}

/** Waits for a condition. */
async function until(isTrue, what) {
  for (let tries = 0; tries < 1_200; tries++) {
    if (isTrue()) return;
    await wait(50);
  }
  throw new Error(`never happened: ${what}`);
}

/** One operation over plain HTTP, at the server that stays. */
async function post(query, variables) {
  const response = await fetch(SECOND, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = await response.json();
  assert.equal(errors, undefined, JSON.stringify(errors));
  const [value] = Object.values(data);
  assert.deepEqual(value.errors ?? [], []);
  return value;
}

let titles = 0;

/** So many changes of the contact, one after the other; their positions. */
async function write(count) {
  const positions = [];
  for (let number = 0; number < count; number++) {
    positions.push((await post(UPDATE, { id: contact.id, title: `title ${++titles}` })).position);
  }
  return positions;
}

/** The messages of a stream, over any transport, opened anew as it asks for. `open` takes where to go on. */
async function* followed(open, state) {
  for (;;) {
    for await (const result of open(state.position)) {
      assert.equal(result.errors, undefined, JSON.stringify(result.errors));
      const message = result.data.contactChanged;
      assert.notEqual(message.__typename, 'Gap');
      if (message.position) state.position = message.position;
      if (message.__typename === 'Reconnect') {
        state.reconnects++;
        await wait(message.afterMs);
      } else {
        yield message;
      }
    }
  }
}

/** Collects the positions of a stream's changes, in the background. */
function collect(open, position) {
  const state = { position, reconnects: 0, positions: [], failure: undefined };
  (async () => {
    for await (const message of followed(open, state)) state.positions.push(message.position);
  })().catch((error) => (state.failure = error));
  return state;
}

/** Waits until a collection holds exactly what was written. */
async function gets(state, positions, what) {
  await until(() => state.failure || state.positions.length >= positions.length, what);
  if (state.failure) throw state.failure;
  assert.deepEqual(state.positions, positions);
}

async function begin() {
  const signedIn = await post(SIGN_IN, { email: EMAIL, password: PASSWORD });
  token = signedIn.accessToken;
  const created = await post(CREATE, { name: 'Clientele' });
  contact = created.contact;
  return { refreshToken: signedIn.refreshToken, position: created.position };
}

async function overSocketsAndEvents(position) {
  let base = FIRST;
  const sockets = socketClient({
    url: () => SOCKET(base),
    connectionParams: () => ({ authorization: `Bearer ${token}` }),
    retryAttempts: 20,
    shouldRetry: () => true,
  });
  let lastEventId;
  const events = eventClient({
    url: () => base,
    headers: () => ({ authorization: `Bearer ${token}`, ...(lastEventId && { 'Last-Event-ID': lastEventId }) }),
    retryAttempts: 20,
  });

  for (const [name, client] of [['graphql-ws', sockets], ['graphql-sse', events]]) {
    for await (const result of client.iterate({ query: CONTACT, variables: { id: contact.id } })) {
      assert.equal(result.data.contact.firstName, 'Clientele');
      saw(`${name}: a query's answer`);
    }
    for await (const result of client.iterate({ query: UPDATE, variables: { id: contact.id, title: name } })) {
      assert.deepEqual(result.data.contactUpdate.errors, []);
      position = result.data.contactUpdate.position;
      saw(`${name}: a mutation's answer, at position ${position}`);
    }
    const failed = [];
    try {
      for await (const result of client.iterate({ query: 'subscription { nothing }' })) failed.push(...result.errors);
    } catch (errors) {
      failed.push(...errors);
    }
    assert.equal(failed[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
    saw(`${name}: an invalid document's error, ${failed[0].message}`);
  }

  const socketed = collect((after) => sockets.iterate({ query: FOLLOW, variables: { id: contact.id, after } }), position);
  // `after` stays where it was: only Last-Event-ID tells where to go on.
  const streamed = collect((after) => {
    lastEventId = after === position ? undefined : after;
    return events.iterate({ query: FOLLOW, variables: { id: contact.id, after: position } });
  }, position);
  const positions = await write(5);
  await gets(socketed, positions, 'changes over a WebSocket');
  await gets(streamed, positions, 'changes over an event stream');
  saw(`both: ${positions.length} changes, in order`);

  base = SECOND;
  const draining = ask('drain');
  positions.push(...(await write(10)));
  await draining;
  positions.push(...(await write(5)));
  await gets(socketed, positions, 'what happened during the restart, over a WebSocket');
  await gets(streamed, positions, 'what happened during the restart, over an event stream');
  assert.deepEqual([socketed.reconnects, streamed.reconnects], [1, 1]);
  saw(`both: Reconnect from the server that went down, then all ${positions.length} changes, in order, none twice`);
  await sockets.dispose();
  events.dispose();
  return positions.at(-1);
}

async function refreshed(refreshToken, position) {
  let socket;
  let closed;
  const pongs = [];
  const notices = [];
  const client = socketClient({
    url: SOCKET(SECOND),
    connectionParams: () => ({ authorization: `Bearer ${token}` }),
    retryAttempts: 0,
    on: {
      opened: (opened) => (socket = opened),
      closed: (event) => (closed = event),
      ping: (isReceived, payload) => isReceived && payload && notices.push(payload.credentialExpiresAt),
      pong: (isReceived, payload) => isReceived && pongs.push(payload),
    },
  });
  const state = collect((after) => client.iterate({ query: FOLLOW, variables: { id: contact.id, after } }), position);
  const positions = await write(1);
  await gets(state, positions, 'a change before the refresh');

  await ask('clock', 14.5 * 60);
  await until(() => notices.length, "a ping with the credential's end");
  saw(`graphql-ws: a ping with credentialExpiresAt ${notices[0]}`);
  for await (const result of client.iterate({ query: REFRESH, variables: { token: refreshToken } })) {
    token = result.data.tokenRefresh.accessToken;
  }
  socket.send(JSON.stringify({ type: 'ping', payload: { authorization: `Bearer ${token}` } }));
  await until(() => pongs.length, 'the answer to the new token');
  assert.equal(pongs[0].accepted, true, JSON.stringify(pongs[0]));
  saw(`graphql-ws: a pong that accepts the new token until ${pongs[0].credentialExpiresAt}`);

  await ask('clock', 14 * 60);
  positions.push(...(await write(3)));
  await gets(state, positions, 'changes after the end of the first token');
  assert.equal(closed, undefined);
  saw('graphql-ws: changes beyond the end of the first token, on the same socket and subscription');
  await client.dispose();
  return positions.at(-1);
}

async function overApollo(position) {
  const client = new ApolloClient({
    cache: new InMemoryCache(),
    link: ApolloLink.split(
      ({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION,
      new GraphQLWsLink(
        socketClient({ url: SOCKET(SECOND), connectionParams: () => ({ authorization: `Bearer ${token}` }) }),
      ),
      new HttpLink({ uri: SECOND, headers: { authorization: `Bearer ${token}` } }),
    ),
  });
  const variables = { id: contact.id };
  const asked = await client.query({ query: gql(CONTACT), variables });
  assert.equal(asked.data.contact.firstName, 'Clientele');
  saw("Apollo: a query's answer over HTTP");

  const messages = [];
  const following = client
    .subscribe({ query: gql(FOLLOW), variables: { ...variables, after: position } })
    .subscribe({ next: ({ data }) => messages.push(data.contactChanged), error: (error) => messages.push(error) });
  const changed = await client.mutate({ mutation: gql(UPDATE), variables: { ...variables, title: 'by Apollo' } });
  assert.deepEqual(changed.data.contactUpdate.errors, []);
  await until(() => messages.length, 'a message for Apollo');
  assert.equal(messages[0].position, changed.data.contactUpdate.position, String(messages[0]));
  assert.equal(messages[0].object.jobTitle, 'by Apollo');
  const cached = client.readQuery({ query: gql(CONTACT), variables });
  assert.equal(cached.contact.jobTitle, 'by Apollo');
  saw(`Apollo: its own mutation, told by its subscription at position ${messages[0].position}, and in its cache`);
  following.unsubscribe();

  const refused = await client.query({ query: gql('{ contacts(first: -1) { nodes { id } } }'), errorPolicy: 'all' });
  assert.equal(refused.error.errors[0].extensions.code, 'BAD_USER_INPUT');
  saw('Apollo: a coded error');
  client.stop();
}

const { refreshToken, position } = await begin();
let last = await overSocketsAndEvents(position);
last = await refreshed(refreshToken, last);
await overApollo(last);
console.log('Every client saw all that it had to.');
process.exit(0);
