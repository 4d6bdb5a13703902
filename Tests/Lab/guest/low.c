// SPDX-License-Identifier: GPL-2.0
// Uses memory below 640 KiB as kernels up to 5.4 did, and those without a crashkernel do: later ones keep it all to
// themselves. Its pages become ordinary ones, and slabs of dma-kmalloc-512 move in, some objects free and some not.
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

enum {
	first_frame = 0x10,	/* the firmware's tables lie below */
	end_frame = 0x98,	/* the real-mode trampoline lies above */
	low_end = 640 << 10,
	size = 512,
	most = 1500,
};

static u64 *objects[most];

static bool is_low(const void *object)
{
	return virt_to_phys((void *)object) < low_end;
}

static int __init low_init(void)
{
	int i, word, count, low = 0, pages = 0;

	for (i = first_frame; i < end_frame; i++) {
		struct page *page = pfn_to_page(i);

		if (!PageReserved(page))
			continue;
		clear_page(page_address(page));
		free_reserved_page(page);
		pages++;
	}
	for (count = 0; count < most; count++) {
		objects[count] = kmalloc(size, GFP_KERNEL | GFP_DMA);
		if (!objects[count])
			break;
		low += is_low(objects[count]);
		for (word = 0; word < size / 8; word++)
			objects[count][word] = (u64)count << 32 | word;
	}
	/* Free lists need length: of four objects one stays. */
	for (i = 0; i < count; i++)
		if (i % 4)
			kfree(objects[i]);
	/* The slab that this processor allocates from shall be a low one. */
	for (i = 0; i < most; i++)
		if (is_low(kmalloc(size, GFP_KERNEL | GFP_DMA)))
			break;
	pr_info("low: %d pages, %d of %d objects\n", pages, low, count);
	return 0;
}

module_init(low_init);
MODULE_DESCRIPTION("Fills memory below 640 KiB");
MODULE_LICENSE("GPL");
