// The base URL of the page cannot be used: it may end in a slash. The URL of this script is
// <prefix>/docs/<version>/start.js.
const address = new URL("../../openapi.json", document.currentScript.src);

// Swagger UI has a dark theme, which this class enables.
const dark = window.matchMedia("(prefers-color-scheme: dark)");
const setTheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", setTheme);
setTheme();

window.ui = SwaggerUIBundle({
  url: address.pathname,
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  displayRequestDuration: true,
  defaultModelsExpandDepth: 0, // the schemas are listed, but closed
  validatorUrl: null, // no requests to other servers
  persistAuthorization: false,
});
