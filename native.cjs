module.exports = require('./isolane.linux-x64-gnu.node')
