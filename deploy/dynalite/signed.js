// Rejects requests without a valid AWS signature (Version 4), because dynalite accepts any. Its port is
// not published, but users of the machine can connect to the addresses of its containers.
'use strict'

const { createHash, timingSafeEqual } = require('crypto')
const { Readable } = require('stream')
const aws4 = require('aws4')

const MAX_AGE_MS = 15 * 60 * 1000
const MAX_BYTES = 16 * 1024 * 1024
const MUST_BE_SIGNED = ['host', 'x-amz-date', 'x-amz-target']
const FORM = /^AWS4-HMAC-SHA256 Credential=[^/,\s]+\/\d{8}\/([^/,\s]+)\/dynamodb\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=[0-9a-f]{64}$/

// Returns a request handler that calls `handle` with the requests that are signed with `credentials`.
exports.requireSignature = (handle, credentials) => {
  if (!credentials.accessKeyId || !credentials.secretAccessKey) throw new Error('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY')
  return (request, response) => {
    const pieces = []
    let size = 0
    request.on('error', () => {}) // the client closed the connection
    request.on('data', (piece) => {
      size += piece.length
      if (size > MAX_BYTES) return request.destroy()
      pieces.push(piece)
    })
    request.on('end', () => {
      const body = Buffer.concat(pieces)
      if (!isSigned(request, body, credentials)) return reject(response)
      const { method, url, headers } = request
      handle(Object.assign(Readable.from(size ? [body] : []), { method, url, headers }), response)
    })
  }
}

function isSigned ({ method, url, headers }, body, credentials) {
  const given = headers.authorization || ''
  const [, region, signed] = FORM.exec(given) || []
  const names = signed ? signed.split(';') : []
  if (!MUST_BE_SIGNED.every((name) => names.includes(name))) return false
  if (!names.every((name) => name in headers) || !isRecent(headers['x-amz-date'])) return false
  // The signature covers this header instead of the body.
  if (names.includes('x-amz-content-sha256') && headers['x-amz-content-sha256'] !== sha256(body)) return false
  const { headers: { Authorization: expected } } = aws4.sign({
    service: 'dynamodb',
    region,
    method,
    path: url,
    body,
    headers: Object.fromEntries(names.map((name) => [name, headers[name]])),
    extraHeadersToIgnore: names.includes('content-length') ? {} : { 'content-length': true }
  }, credentials)
  return expected.length === given.length && timingSafeEqual(Buffer.from(expected), Buffer.from(given))
}

function sha256 (body) {
  return createHash('sha256').update(body).digest('hex')
}

function isRecent (date) {
  const [, ...parts] = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date) || []
  const [year, month, day, ...time] = parts.map(Number)
  return Math.abs(Date.UTC(year, month - 1, day, ...time) - Date.now()) <= MAX_AGE_MS // false for NaN
}

function reject (response) {
  const body = JSON.stringify({
    __type: 'com.amazon.coral.service#InvalidSignatureException',
    message: 'The request is not signed with the credentials of this store.'
  })
  response.writeHead(400, { 'Content-Type': 'application/x-amz-json-1.0', 'Content-Length': Buffer.byteLength(body) })
  response.end(body)
}
