// dynalite at :4567 with its data in /data (--path, --port): every write on the disk before it is answered, every request signed.
'use strict'

require('./synced.js')
const dynalite = require('dynalite')
const { path, port } = require('minimist')(process.argv.slice(2), { default: { path: '/data', port: 4567 } })
const { signedOnly } = require('./signed.js')

// Without the waits that dynalite has by default, to be like a far service.
const server = dynalite({ path, createTableMs: 0, updateTableMs: 0, deleteTableMs: 0 })
const [answer] = server.listeners('request')
server.removeAllListeners('request')
server.on('request', signedOnly(answer, { accessKeyId: process.env.AWS_ACCESS_KEY_ID, secretAccessKey: process.env.AWS_SECRET_ACCESS_KEY }))
server.listen(port, () => console.log(`http://localhost:${server.address().port}`))
