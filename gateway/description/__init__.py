"""The description of the API: routes, methods and schemas as OpenAPI, AsyncAPI and one page for people."""
