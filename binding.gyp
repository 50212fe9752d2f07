# What node-gyp looks for. It is not in the package, where package managers would take it for an order to compile;
# bindings/node-gyp.js writes it there when it is needed.
{'includes': ['ipdaemon.gypi']}
