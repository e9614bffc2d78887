"""The tests: they mirror db, resolvers and gql, and say in their names how the server behaves."""
