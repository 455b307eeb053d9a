// SPDX-License-Identifier: Apache-2.0

/// The version of all programs of this repository, after semver.org.
package enum Version {
    package static let current = "0.1.0"
}
