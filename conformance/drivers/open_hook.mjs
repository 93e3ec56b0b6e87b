// Loaded before a program that opens the user's browser with npm's `open`: it gets the browser that is ours.
import { replace } from './replace.mjs';

replace('open', `
  import { EventEmitter } from 'node:events';
  import { deliver } from '${new URL('./browser.mjs', import.meta.url)}';
  export default async (url) => {
    const opened = new EventEmitter();
    setImmediate(() => opened.emit('exit', 0));
    deliver(url).catch((error) => process.stderr.write(\`browser: \${error.message}\\n\`));
    return opened;
  };`);
