// Loaded before a program that opens the user's browser with npm's `open`: it gets the browser that is ours.
import { register } from 'node:module';

const OPEN = `
import { EventEmitter } from 'node:events';
import { deliver } from '${new URL('./browser.mjs', import.meta.url)}';
export default async (url) => {
  const opened = new EventEmitter();
  setImmediate(() => opened.emit('exit', 0));
  deliver(url).catch((error) => process.stderr.write(\`browser: \${error.message}\\n\`));
  return opened;
};`;
const URL_OF_OPEN = `data:text/javascript,${encodeURIComponent(OPEN)}`;
const LOADER = `export async function resolve(specifier, context, next) {
  if (specifier === 'open') return { url: ${JSON.stringify(URL_OF_OPEN)}, shortCircuit: true };
  return next(specifier, context);
}`;
register(`data:text/javascript,${encodeURIComponent(LOADER)}`);
