# pragma version 0.4.3
"""
@title EIP-712 type hashes
@license Apache-2.0
@notice Written by `make contracts` from offbeat.intents, the owner of these values: change them there.
"""

INSTRUMENT: constant(bytes32) = 0xa54cd481f158eb16c7a923ad032b17a8f5f2a309aea92aeaa7a2075ddbd4810f
LEG: constant(bytes32) = 0x80217a217d98b2b1d8148de710c4a101054dc644cc9b7e745c4d8a7a2a95a8b8
ORDER: constant(bytes32) = 0x6405bc8a50d2c98b61caf8e91efc769da704e973471905ab0ad2a4d0e8461b67
CANCEL: constant(bytes32) = 0xa024a40736846c466b38c501e2530a2da77700c32537a92f0d6567301db08e12
WITHDRAW: constant(bytes32) = 0xbaa6f4232f4e6cde3783749b026e48d8b55d4dc895d6b7917f4d8cd06be8e83a
TRANSFER: constant(bytes32) = 0xf3a633f4f60d70f0258ecae7fcb1994213e2702ed2cd14ac97108e6dc0ed0346
DELEGATE: constant(bytes32) = 0x7e3e62869306f4273fd955d155a7e597400b373e246618e7d479cab544c4f4ff
BATCH: constant(bytes32) = 0xe2ec9ef102737ffc666a8bd79ecd5ced0307b24f309bd87b7798b5849fe0f118
REPORT: constant(bytes32) = 0xa46c7ac629c7109baf72107553827a99f2c0c345e9c4b764c4a7f0e815016c0d
SETTLEMENT_PRICE: constant(bytes32) = 0x0f16dffb9ae879522e29c38d083f5835f9a71c2bb8e6396804f7be3a02f17235
DOMAIN: constant(bytes32) = 0x8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f
