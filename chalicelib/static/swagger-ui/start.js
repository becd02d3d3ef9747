// The page's own address is no base: it may end in a slash. That of this script is <prefix>/docs/<version>/start.js.
const address = new URL("../../openapi.json", document.currentScript.src);
window.ui = SwaggerUIBundle({
  url: address.pathname,
  dom_id: "#swagger-ui",
  layout: "BaseLayout",
  presets: [SwaggerUIBundle.presets.apis],
  deepLinking: true,
  validatorUrl: null, // nothing is asked of other servers
  persistAuthorization: false,
});
