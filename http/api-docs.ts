import { createRequire } from 'node:module';
import { Router } from 'express';
import { openApiDocument } from './openapi.ts';
import type { Route } from './route.ts';

const require = createRequire(import.meta.url);
const assets = {
  'swagger-ui.css': require.resolve('swagger-ui-dist/swagger-ui.css'),
  'swagger-ui-bundle.js': require.resolve('swagger-ui-dist/swagger-ui-bundle.js'),
};

const page = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Ringbook: the contract</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css">
  </head>
  <body>
    <div id="contract"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

// without a validator: the default one asks a server on the internet
const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#contract', deepLinking: true, validatorUrl: null });\n`;

const ownOriginOnly = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'";

/** `/openapi.json` and, to browse it, `/docs`: both without a token, everything from our own origin. */
export const apiDocs = (routes: readonly Route[]): Router => {
  const document = openApiDocument(routes);
  const router = Router()
    .get('/openapi.json', (_, res) => void res.json(document))
    .get('/docs', (_, res) => void res.set('Content-Security-Policy', ownOriginOnly).type('html').send(page))
    .get('/docs/start.js', (_, res) => void res.type('js').send(start));
  for (const [name, file] of Object.entries(assets)) router.get(`/docs/${name}`, (_, res) => res.sendFile(file));
  return router;
};
