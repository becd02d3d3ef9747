// dynalite on port 4567 with its data in /data (--port, --path). Writes are on disk before the response,
// and requests must be signed.
'use strict'

require('./synced.js')
const dynalite = require('dynalite')
const { path, port } = require('minimist')(process.argv.slice(2), { default: { path: '/data', port: 4567 } })
const { requireSignature } = require('./signed.js')

// Without the delays that dynalite has by default to simulate a remote service.
const server = dynalite({ path, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 })
const [handle] = server.listeners('request')
server.removeAllListeners('request')
server.on('request', requireSignature(handle, { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY }))
server.listen(port, () => console.log(`http://localhost:${server.address().port}`))
