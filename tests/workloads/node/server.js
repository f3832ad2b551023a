// SPDX-License-Identifier: Apache-2.0
// server.js SECONDS [PORT]: an Express service that is asked by itself over HTTP, and prints what share of the process's CPU
// time each of its handlers had. PORT: it only serves there, until a line comes on standard input.
'use strict';
const http = require('http');
const path = require('path');
const crypto = require('crypto');
const zlib = require('zlib');
const express = require('express');
const native = require(process.env.SONDE_NATIVE || path.join(__dirname, 'native.node'));

const spent = Object.create(null);

function timed(key, f, ...args) {
  const start = native.threadCpu();
  try {
    return f(...args);
  } finally {
    spent[key] = (spent[key] || 0) + native.threadCpu() - start;
  }
}

const rows = Array.from({length: 400}, (_, i) => ({id: i, name: `customer ${i * 7919 % 1000}`, total: i * 37 % 911}));

function lists_customers(query) {
  return rows.filter((row) => row.name.includes(query)).sort((a, b) => a.total - b.total || a.name.localeCompare(b.name)).slice(0, 50);
}

function renders_page(customers) {
  return `<table>${customers.map((c) => `<tr><td>${c.id}</td><td>${c.name.replace(/[&<>]/g, '')}</td></tr>`).join('')}</table>`;
}

function checks_password(text) {
  return crypto.pbkdf2Sync(text, 'salt', 300, 32, 'sha256').toString('hex');
}

function compresses(text) {
  return zlib.gzipSync(text.repeat(20)).length;
}

const app = express();
app.use(express.json());
app.get('/customers', (request, response) => response.json(timed('lists_customers', lists_customers, request.query.q || '1')));
app.get('/page', (request, response) => response.send(timed('renders_page', renders_page, rows)));
app.post('/login', (request, response) => response.json({token: timed('checks_password', checks_password, request.body.password)}));
app.get('/archive/:name', (request, response) => response.json({n: timed('compresses', compresses, request.params.name)}));

const agent = new http.Agent({keepAlive: true, maxSockets: 8});

function ask(port, method, url, body) {
  return new Promise((resolve, reject) => {
    const request = http.request({port, method, path: url, agent, headers: body ? {'content-type': 'application/json'} : {}}, (answer) => {
      answer.resume();
      answer.on('end', resolve);
    });
    request.on('error', reject);
    request.end(body);
  });
}

const QUESTIONS = [['GET', '/customers?q=7'], ['GET', '/page'], ['POST', '/login', '{"password": "secret"}'], ['GET', '/archive/report-of-today']];

async function asks(port, until) {
  for (let i = Math.floor(Math.random() * 4); Date.now() < until; i++) await ask(port, ...QUESTIONS[i % 4]);
}

const server = app.listen(Number(process.argv[3] || 0), '127.0.0.1', async () => {
  const {port} = server.address();
  if (process.argv[3]) {
    process.stdin.once('data', () => process.exit(0));
    return;
  }
  await Promise.all(Array.from({length: 6}, () => asks(port, Date.now() + Number(process.argv[2] || 1) * 1000)));
  const cpu = process.cpuUsage(), all = (cpu.user + cpu.system) / 1000;
  const shares = {'@cpu_s': all / 1000, '@tids': [native.threadId()], '@thread:others': 1 - native.threadCpu() / all};
  for (const key in spent) shares[key] = spent[key] / all;
  console.log(JSON.stringify(shares));
  agent.destroy();
  server.close();
});
