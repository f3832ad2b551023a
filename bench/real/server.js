// SPDX-License-Identifier: Apache-2.0
// A web server as people write them: routes, JSON, some work.
const express = require('express');
const crypto = require('crypto');
const app = express();
app.use(express.json());
function fibonacci(n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
app.get('/hash', (req, res) => {
  const key = crypto.pbkdf2Sync('secret', 'salt', 300, 32, 'sha256');
  res.json({ key: key.toString('hex') });
});
app.get('/fib/:n', (req, res) => res.json({ value: fibonacci(+req.params.n) }));
app.get('/list', async (req, res) => {
  const rows = Array.from({ length: 500 }, (_, i) => ({ id: i, name: 'item ' + (i * 7919 % 500) }));
  rows.sort((a, b) => a.name.localeCompare(b.name));
  res.json(rows);
});
app.listen(+process.argv[2], '127.0.0.1');
