// SPDX-License-Identifier: Apache-2.0

/// A descriptor that several may refer to.
package final class DescriptorBox: Sendable {
    package let descriptor: OwnedDescriptor
    package let identity: DescriptorIdentity?

    package init(_ descriptor: consuming OwnedDescriptor) {
        identity = descriptor.identity
        self.descriptor = descriptor
    }
}
