// Swagger UI over this server's own description; nothing is loaded from elsewhere.

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

globalThis.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  // The badge of an online validator, and keys that outlive the page.
  validatorUrl: null,
  persistAuthorization: false,
});
