// Swagger UI over this server's own description; nothing is loaded from elsewhere.

const dark = matchMedia("(prefers-color-scheme: dark)");
const follow = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", follow);
follow();

// The path of a call is a link within a button that does the same, which nobody can tell apart who
// hears the page: the button alone opens the call.
const asText = (_, { React }) => ({ text }) => React.createElement("span", {}, text);

// The calls are the main part of the page; what stands before them is a part of its own.
const asPart = (Info, { React }) => (properties) =>
  React.createElement("section", { "aria-label": "About this API" }, React.createElement(Info, properties));

// Headings would go from the first level to the third without one between.
const underHeading = (Operations, { React }) => (properties) => React.createElement(React.Fragment, {},
  React.createElement("h2", {}, "Calls"), React.createElement(Operations, properties));

const accessible = () => ({
  wrapComponents: { DeepLink: asText, InfoContainer: asPart, operations: underHeading },
});

globalThis.SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#reference",
  deepLinking: true,
  tryItOutEnabled: true,
  defaultModelsExpandDepth: 0,
  // The badge of an online validator, and keys that outlive the page.
  validatorUrl: null,
  persistAuthorization: false,
  plugins: [accessible],
});
