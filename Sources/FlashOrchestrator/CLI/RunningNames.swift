// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import FlashOrchestrator

/// What a shell offers where the name of a running topology is wanted.
enum RunningNames {
    static var completion: CompletionKind {
        .custom { _, _, _ in
            let list = try? await DaemonClient(socket: RuntimePaths.socket).topologies()
            return list?.topologies.map(\.name) ?? []
        }
    }
}
