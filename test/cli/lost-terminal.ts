/** Run by a test: a terminal in which a response waits for a decision, and which is gone at that moment. Arguments: the program and its own. */
import { spawn } from '@lydell/node-pty';

const [file = '', ...args] = process.argv.slice(2);
const pty = spawn(file, args, { cols: 120, rows: 50, env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/nonexistent', TERM: 'xterm-256color' } });
let text = '';
let isBegun = false;
pty.onData((data) => {
  text += data;
  if (!isBegun && text.includes('leave it at that')) {
    isBegun = true;
    pty.write('\r');
  }
  if (text.includes('stop the response here')) process.kill(process.pid, 'SIGKILL');
});
