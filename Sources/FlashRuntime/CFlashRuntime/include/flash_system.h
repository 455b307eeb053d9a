/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FLASH_SYSTEM_H
#define FLASH_SYSTEM_H

/* Returns the number of this process's page size in bytes. */
long flash_page_size(void);

/* Gives the pages of the heap that nothing lies in back to the system. */
void flash_trim_heap(void);

#endif
