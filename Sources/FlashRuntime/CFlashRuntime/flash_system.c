/* SPDX-License-Identifier: Apache-2.0 */
#include "flash_system.h"

#include <malloc.h>
#include <unistd.h>

long flash_page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

void flash_trim_heap(void)
{
	malloc_trim(0);
}
