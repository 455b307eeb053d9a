// SPDX-License-Identifier: Apache-2.0

internal import Glibc

/// A system call that failed: what was called, what Linux answered, and on what.
package struct SystemError: Error, Hashable, Codable, Sendable, CustomStringConvertible {
    /// Name of the call, as its manual page has it: `bind`, `bpf_link_create`.
    package var call: String
    /// An `errno` value, positive.
    package var code: Int32
    /// What the call was made on, or what the user can do about it; nil where the call says it all.
    package var context: String?

    package init(call: String, code: Int32, context: String? = nil) {
        self.call = call
        self.code = code
        self.context = context
    }

    /// `strerror` of the code: `No such device`.
    package var message: String { String(cString: strerror(code)) }

    /// `bind: No such device (fl-lan queue 0)`
    package var description: String {
        guard let context else { return "\(call): \(message)" }
        return "\(call): \(message) (\(context))"
    }
}

extension SystemError {
    /// Passes on what is >= 0, and throws what is -errno: the convention of CFlashRuntime.
    @discardableResult
    package static func check<Value: FixedWidthInteger & SignedInteger>(
        _ call: String, _ result: Value, context: @autoclosure () -> String? = nil
    ) throws(SystemError) -> Value {
        guard result < 0 else { return result }
        throw SystemError(call: call, code: Int32(truncatingIfNeeded: 0 &- result), context: context())
    }

    /// Makes a call of the C library (-1 and `errno`), again where a signal interrupted it.
    @discardableResult
    package static func retry<Value: FixedWidthInteger & SignedInteger>(
        _ call: String, context: @autoclosure () -> String? = nil, _ body: () -> Value
    ) throws(SystemError) -> Value {
        while true {
            let result = body()
            guard result == -1 else { return result }
            let code = errno
            guard code == EINTR else { throw SystemError(call: call, code: code, context: context()) }
        }
    }
}
