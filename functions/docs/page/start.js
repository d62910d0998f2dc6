// Runs in the browser: the page's policy allows no script inside of it.
SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  // Nothing is asked of, or told to, other hosts.
  validatorUrl: null,
});
