// PostGraphile 5 over the tables of this project: the tenant set per request by pgSettings, row-level security on.
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";

const service = makePgService({
  connectionString: process.env.DATABASE_URL,
  schemas: ["public", "bench"],
  poolConfig: { max: Number(process.env.POOL_SIZE) },
});
const instance = postgraphile({
  extends: [PostGraphileAmberPreset],
  pgServices: [service],
  grafserv: { graphqlPath: "/graphql", graphiql: false, watch: false, websockets: false },
  grafast: {
    explain: false,
    context: (request) => ({ pgSettings: { "app.tenant_id": request.node?.req?.headers["x-tenant-id"] } }),
  },
});
if (process.env.PRINT_SCHEMA) {
  const { printSchema } = await import("graphql");
  console.log(printSchema((await instance.getSchemaResult()).schema));
  process.exit();
}
const server = createServer();
await instance.createServ(grafserv).addTo(server);
server.listen(Number(process.env.PORT), "127.0.0.1");
