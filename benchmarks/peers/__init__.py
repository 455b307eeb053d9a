# SPDX-License-Identifier: Apache-2.0
"""What flash-orch is measured against."""
