// SPDX-License-Identifier: Apache-2.0

import FlashOrchestrator
import Testing

@Suite struct HTTPTargetTests {
    @Test(arguments: [
        ("/", HTTPTarget(path: [])),
        ("/v1/status", HTTPTarget(path: ["v1", "status"])),
        ("/v1//status/", HTTPTarget(path: ["v1", "status"])),
        ("/a%20b/c%2Fd", HTTPTarget(path: ["a b", "c/d"])),
        (
            "/v1/nfs/x/logs?offset=12&flag",
            HTTPTarget(path: ["v1", "nfs", "x", "logs"], query: ["offset": "12", "flag": ""])
        ),
        ("/%C3%A4?%C3%B6=%3D%26", HTTPTarget(path: ["ä"], query: ["ö": "=&"])),
    ])
    func parses(text: String, target: HTTPTarget) {
        #expect(HTTPTarget(text) == target)
        #expect(HTTPTarget(target.text) == target)
    }

    @Test(arguments: ["", "v1", "*", "http://host/v1", "/%", "/%4", "/%zz", "/%ff", "/x?%c3=1", "/x?a=%f"])
    func refuses(text: String) {
        #expect(HTTPTarget(text) == nil)
    }
}
