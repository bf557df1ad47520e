// oauth-sign, oauth-1.0a or passport-http-oauth behind JSON lines. The argument names the one.
'use strict'
const crypto = require('crypto')
const querystring = require('querystring')
const readline = require('readline')

const name = process.argv[2]
const peer = require(name)
const version = require(`${name}/package.json`).version
const parse = text => querystring.parse(text, '&', '=', { maxKeys: 0 })
const plain = object => Object.assign({}, object)

function queryOf (uri) {
  const mark = uri.indexOf('?')
  return mark < 0 ? '' : uri.slice(mark + 1)
}

function headerParameters (header) {
  const found = {}
  for (const [, key, value] of header.matchAll(/(oauth_\w+)="([^"]*)"/g)) found[key] = decodeURIComponent(value)
  return found
}

function nonce () {
  return crypto.randomBytes(11).toString('hex')
}

function authorization (parameters) {
  return 'OAuth ' + Object.entries(parameters)
    .map(([key, value]) => `${key}="${require('oauth-sign').rfc3986(value)}"`).join(', ')
}

// As the package "request" calls it.
const oauthSign = {
  signature (question, protocol) {
    const uri = new URL(question.uri)
    const query = uri.search.slice(1)
    const all = parse([query, question.form, querystring.stringify(protocol)].filter(Boolean).join('&'))
    delete all.oauth_signature
    const base = `${uri.protocol}//${uri.host}${uri.pathname}`
    const token = question.token_secret || undefined
    return peer.sign(question.signature_method, question.method, base, plain(all), question.client_secret, token)
  }
}

const oauth10a = {
  signature (question, protocol) {
    const algorithm = question.signature_method.slice(-1) === '1' ? 'sha1' : 'sha256'
    const oauth = peer({
      consumer: { key: question.client, secret: question.client_secret },
      signature_method: question.signature_method,
      hash_function: question.signature_method === 'PLAINTEXT'
        ? undefined
        : (text, key) => crypto.createHmac(algorithm, key).update(text).digest('base64')
    })
    let url = question.uri
    const form = plain(parse(question.form))
    delete form.oauth_signature
    url = url.replace(/([?&])oauth_signature=[^&]*&?/, '$1').replace(/[?&]$/, '')
    return oauth.getSignature({ method: question.method, url, data: form }, question.token_secret, protocol)
  }
}

function verifyBySignature (question, implementation) {
  const header = headerParameters(question.authorization)
  const given = header.oauth_signature || parse(question.form).oauth_signature ||
    parse(queryOf(question.uri)).oauth_signature
  delete header.oauth_signature
  return implementation.signature(question, header) === given
}

function sign (question, implementation) {
  const protocol = {
    oauth_consumer_key: question.client,
    oauth_nonce: nonce(),
    oauth_signature_method: question.signature_method,
    oauth_timestamp: String(Math.floor(Date.now() / 1000)),
    oauth_version: '1.0'
  }
  if (question.token) protocol.oauth_token = question.token
  // Both implementations change what they are given.
  protocol.oauth_signature = implementation.signature(question, Object.assign({}, protocol))
  return authorization(protocol)
}

function verifyByPassport (question) {
  let verdict = false
  const strategy = new peer.TokenStrategy(
    (key, done) => done(null, key === question.client && {}, question.client_secret),
    (token, done) => done(null, token === question.token && {}, question.token_secret)
  )
  strategy.success = () => { verdict = true }
  strategy.fail = () => {}
  strategy.error = error => { throw error }
  strategy.authenticate({
    method: question.method,
    url: question.target,
    headers: Object.assign({}, question.headers, { host: question.host }),
    connection: { encrypted: question.uri.toLowerCase().startsWith('https') },
    query: plain(parse(queryOf(question.target))),
    body: plain(parse(question.form))
  })
  return verdict
}

function answer (question) {
  if (question.op === 'version') return { version }
  if (name === 'passport-http-oauth') return { valid: verifyByPassport(question) }
  const implementation = name === 'oauth-sign' ? oauthSign : oauth10a
  if (question.op === 'verify') return { valid: verifyBySignature(question, implementation) }
  return { authorization: sign(question, implementation) }
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  let reply
  try {
    reply = answer(JSON.parse(line))
  } catch (error) {
    reply = { error: String(error) }
  }
  process.stdout.write(JSON.stringify(reply) + '\n')
})
