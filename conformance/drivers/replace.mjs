// Answers an import anywhere in a program with a module of our own.
import { register } from 'node:module';

// `name` is a whole specifier, or the end of one where it begins with a slash.
export function replace(name, source) {
  const url = `data:text/javascript,${encodeURIComponent(source)}`;
  const loader = `
    const [name, url] = ${JSON.stringify([name, url])};
    export async function resolve(specifier, context, next) {
      const found = name.startsWith('/') ? specifier.endsWith(name) : specifier === name;
      return found ? { url, shortCircuit: true } : next(specifier, context);
    }`;
  register(`data:text/javascript,${encodeURIComponent(loader)}`);
}
