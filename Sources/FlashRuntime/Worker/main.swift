// SPDX-License-Identifier: Apache-2.0

import FlashRuntime
import Glibc

exit(Worker.run())
