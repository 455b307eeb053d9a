// SPDX-License-Identifier: Apache-2.0

internal import CFlashRuntime
internal import Glibc

/// Work in another network namespace.
package enum NetworkNamespace {
    /// Where `ip netns` keeps the namespace of that name.
    package static func path(_ name: String) -> String { "/run/netns/\(name)" }

    package static func exists(_ name: String) -> Bool { SystemFile.exists(path(name)) }

    /// Runs `body` in the namespace that `ip netns` calls `name`, on a thread of its own, and waits for its end. Sockets
    /// that it makes stay in that namespace; the caller's thread never leaves its own. Files of /sys/class/net are
    /// those of the caller's namespace also there.
    package static func run<Value: ~Copyable>(
        in name: String, _ body: () throws(SystemError) -> Value
    ) throws(SystemError) -> Value {
        let namespace = try OwnedDescriptor.open(path(name), flags: O_RDONLY)
        var value: Value?
        try onNewThread { () throws(SystemError) in
            try SystemError.check("setns", flash_namespace_enter(namespace.rawValue), context: name)
            value = try body()
        }
        guard let value = value.take() else { throw SystemError(call: "setns", code: EINVAL, context: name) }
        return value
    }

    private final class Job {
        let run: () -> Void
        init(run: @escaping () -> Void) { self.run = run }
    }

    private static func onNewThread(_ body: () throws(SystemError) -> Void) throws(SystemError) {
        // The caller waits in pthread_join: `body` and `failure` are never used by two threads at once.
        var failure: SystemError?
        let code = withoutActuallyEscaping(body) { body in
            withUnsafeMutablePointer(to: &failure) { failure in
                let job = Job {
                    do throws(SystemError) {
                        try body()
                    } catch {
                        failure.pointee = error
                    }
                }
                return withExtendedLifetime(job) {
                    var thread = pthread_t()
                    let code = pthread_create(
                        &thread, nil,
                        { argument in
                            if let argument { Unmanaged<Job>.fromOpaque(argument).takeUnretainedValue().run() }
                            return nil
                        }, Unmanaged.passUnretained(job).toOpaque())
                    return code == 0 ? pthread_join(thread, nil) : code
                }
            }
        }
        guard code == 0 else { throw SystemError(call: "pthread_create", code: code) }
        if let failure { throw failure }
    }
}
