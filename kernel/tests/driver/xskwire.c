// SPDX-License-Identifier: GPL-2.0-only
/* xskwire: devices for tests, whose driver offers AF_XDP zero-copy
 *
 *   ip link add a numrxqueues N numtxqueues N type xskwire
 *   ip link add b numrxqueues N numtxqueues N type xskwire
 *
 * The second device of a network namespace is at the other end of the first
 * one's wire, and so on. What a queue sends comes in at the queue of the same
 * number. As with a NIC, a transmitted buffer completes some time later, in
 * the next interrupt. Even queues take single descriptors from the TX rings,
 * odd ones take batches: each as the FLASH kernel guide has drivers do it, with
 * a look at pool->no_tx_out.
 */

#include <linux/bpf.h>
#include <linux/bpf_trace.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/filter.h>
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/platform_device.h>
#include <linux/rtnetlink.h>
#include <linux/skbuff.h>
#include <net/xdp_sock_drv.h>

#define WIRE_PACKETS	256	/* at most on the way to a queue */
#define WIRE_MTU	9000
#define WIRE_INTERRUPT	(20 * NSEC_PER_USEC)

struct wire_queue {
	struct napi_struct napi;
	struct net_device *dev;
	struct hrtimer interrupt;
	struct sk_buff_head arrived;
	struct sk_buff *partial; /* a packet whose end has not been sent yet */
	bool broken; /* it is too long */
	struct xsk_buff_pool *pool; /* changes while NAPI is off */
	struct xdp_rxq_info rxq;
	u32 in_flight; /* buffers that will be complete in the next interrupt */
	u16 index;
};

struct wire {
	struct net_device __rcu *partner;
	struct bpf_prog __rcu *prog;
	struct wire_queue *queues;
};

static struct platform_device *wire_dma;
static struct rtnl_link_ops wire_link_ops;

/* Transmission */

static bool wire_no_tx_out(const struct xsk_buff_pool *pool)
{
#ifdef CONFIG_XDP_SOCKETS_FLASH
	return READ_ONCE(pool->no_tx_out);
#else
	return false;
#endif
}

static struct wire_queue *wire_other_end(struct wire_queue *q)
{
	struct wire *wire = netdev_priv(q->dev);
	struct net_device *partner = rcu_dereference_bh(wire->partner);
	struct wire *other;

	if (!partner || q->index >= partner->num_rx_queues)
		return NULL;
	other = netdev_priv(partner);
	return &other->queues[q->index];
}

static void wire_arrive(struct wire_queue *to, struct sk_buff *skb)
{
	if (!to || !netif_running(to->dev) ||
	    skb_queue_len_lockless(&to->arrived) >= WIRE_PACKETS) {
		if (to)
			DEV_STATS_INC(to->dev, rx_dropped);
		kfree_skb(skb);
		return;
	}
	skb_queue_tail(&to->arrived, skb);
	napi_schedule(&to->napi);
}

static netdev_tx_t wire_xmit(struct sk_buff *skb, struct net_device *dev)
{
	struct wire *wire = netdev_priv(dev);

	rcu_read_lock_bh();
	skb_orphan(skb);
	wire_arrive(wire_other_end(&wire->queues[skb_get_queue_mapping(skb)]),
		    skb);
	rcu_read_unlock_bh();
	return NETDEV_TX_OK;
}

/* Puts the bytes of one TX descriptor on the wire. */
static void wire_send(struct wire_queue *q, struct wire_queue *to,
		      const struct xdp_desc *desc)
{
	u32 room = xsk_is_eop_desc(desc) ? desc->len : WIRE_MTU + ETH_HLEN;

	q->in_flight++;
	if (!q->partial && !q->broken) {
		q->partial = netdev_alloc_skb(q->dev, room);
		q->broken = !q->partial;
	}
	if (q->partial && skb_tailroom(q->partial) < desc->len) {
		kfree_skb(q->partial);
		q->partial = NULL;
		q->broken = true;
	}
	if (q->partial)
		skb_put_data(q->partial,
			     xsk_buff_raw_get_data(q->pool, desc->addr),
			     desc->len);
	if (!xsk_is_eop_desc(desc))
		return;

	if (q->partial)
		wire_arrive(to, q->partial);
	q->partial = NULL;
	q->broken = false;
}

static void wire_transmit_each(struct wire_queue *q, struct wire_queue *to,
			       u32 budget)
{
	struct xsk_buff_pool *pool = q->pool;
	struct xdp_desc desc;
	bool taken = false;

	while (budget--) {
		if (!xsk_tx_peek_desc(pool, &desc))
			break;
		taken = true;
		if (wire_no_tx_out(pool))
			continue;
		wire_send(q, to, &desc);
	}
	if (taken)
		xsk_tx_release(pool);
}

static void wire_transmit_batch(struct wire_queue *q, struct wire_queue *to,
				u32 budget)
{
	u32 i, n = xsk_tx_peek_release_desc_batch(q->pool, budget);

	if (wire_no_tx_out(q->pool))
		return;
	for (i = 0; i < n; i++)
		wire_send(q, to, &q->pool->tx_descs[i]);
}

static void wire_transmit(struct wire_queue *q)
{
	struct wire_queue *to = wire_other_end(q);
	u32 room = WIRE_PACKETS;

	if (to)
		room -= min(room, skb_queue_len_lockless(&to->arrived));
	room = min(room, NAPI_POLL_WEIGHT);
	if (q->index % 2)
		wire_transmit_batch(q, to, room);
	else
		wire_transmit_each(q, to, room);
}

/* Reception */

static bool wire_add_fragment(struct xdp_buff *first, struct xdp_buff *xdp)
{
	struct skb_shared_info *info = xdp_get_shared_info_from_buff(first);
	void *start = xdp->data_hard_start;
	u32 size = xdp->data_end - xdp->data;

	if (!xdp_buff_has_frags(first)) {
		info->nr_frags = 0;
		info->xdp_frags_size = 0;
		xdp_buff_set_frags_flag(first);
	}
	if (info->nr_frags == MAX_SKB_FRAGS)
		return false;
	__skb_fill_page_desc_noacc(info, info->nr_frags++,
				   is_vmalloc_addr(start) ?
				   vmalloc_to_page(start) : virt_to_page(start),
				   XDP_PACKET_HEADROOM, size);
	info->xdp_frags_size += size;
	xsk_buff_add_frag(xdp);
	return true;
}

/* The packet in buffers of the pool, or NULL. */
static struct xdp_buff *wire_buffers(struct wire_queue *q, struct sk_buff *skb)
{
	u32 size = xsk_pool_get_rx_frame_size(q->pool);
	struct xdp_buff *first = NULL;
	u32 at, part;

	if (skb->len > size && !(q->pool->umem->flags & XDP_UMEM_SG_FLAG))
		return NULL;
	for (at = 0; at < skb->len; at += part) {
		struct xdp_buff *xdp = xsk_buff_alloc(q->pool);

		if (!xdp)
			goto free;
		part = min(size, skb->len - at);
		xsk_buff_set_size(xdp, part);
		xdp->rxq = &q->rxq;
		skb_copy_bits(skb, at, xdp->data, part);
		if (!first) {
			first = xdp;
		} else if (!wire_add_fragment(first, xdp)) {
			xsk_buff_free(xdp);
			goto free;
		}
	}
	return first;

free:
	if (first)
		xsk_buff_free(first);
	return NULL;
}

/* The packet in a page of its own, for sockets in copy mode. */
static struct page *wire_page(struct wire_queue *q, struct sk_buff *skb,
			      struct xdp_buff *xdp)
{
	struct page *page;

	if (skb->len > SKB_WITH_OVERHEAD(PAGE_SIZE) - XDP_PACKET_HEADROOM)
		return NULL;
	page = dev_alloc_page();
	if (!page)
		return NULL;
	xdp_init_buff(xdp, PAGE_SIZE, &q->rxq);
	xdp_prepare_buff(xdp, page_address(page), XDP_PACKET_HEADROOM, skb->len,
			 false);
	skb_copy_bits(skb, 0, xdp->data, skb->len);
	return page;
}

static void wire_to_stack(struct wire_queue *q, struct sk_buff *skb)
{
	skb->protocol = eth_type_trans(skb, q->dev);
	skb_record_rx_queue(skb, q->index);
	napi_gro_receive(&q->napi, skb);
}

/* Returns true if the packet went to a socket. */
static bool wire_receive(struct wire_queue *q, struct bpf_prog *prog,
			 struct sk_buff *skb)
{
	struct page *page = NULL;
	struct xdp_buff local, *xdp = &local;
	bool redirected = false;
	u32 verdict;

	if (q->pool)
		xdp = wire_buffers(q, skb);
	else
		page = wire_page(q, skb, xdp);
	if (!xdp || (!q->pool && !page))
		goto drop;

	verdict = bpf_prog_run_xdp(prog, xdp);
	if (verdict == XDP_REDIRECT)
		redirected = !xdp_do_redirect(q->dev, xdp, prog);
	if (!redirected) {
		if (q->pool)
			xsk_buff_free(xdp);
		else
			__free_page(page);
	}
	if (verdict == XDP_PASS) {
		wire_to_stack(q, skb);
		return false;
	}
	if (redirected) {
		consume_skb(skb);
		return true;
	}
drop:
	DEV_STATS_INC(q->dev, rx_dropped);
	kfree_skb(skb);
	return false;
}

static int wire_poll(struct napi_struct *napi, int budget)
{
	struct wire_queue *q = container_of(napi, struct wire_queue, napi);
	struct wire *wire = netdev_priv(q->dev);
	struct bpf_prog *prog;
	struct sk_buff *skb;
	bool flush = false;
	int received = 0;

	rcu_read_lock_bh();
	if (q->pool) {
		xsk_tx_completed(q->pool, q->in_flight);
		q->in_flight = 0;
		wire_transmit(q);
		if (xsk_uses_need_wakeup(q->pool)) {
			xsk_set_tx_need_wakeup(q->pool);
			xsk_set_rx_need_wakeup(q->pool);
		}
	}

	prog = rcu_dereference_bh(wire->prog);
	while (received < budget && (skb = skb_dequeue(&q->arrived))) {
		received++;
		if (prog)
			flush |= wire_receive(q, prog, skb);
		else
			wire_to_stack(q, skb);
	}
	if (flush)
		xdp_do_flush();
	rcu_read_unlock_bh();

	if (received < budget && napi_complete_done(napi, received) &&
	    q->in_flight)
		hrtimer_start(&q->interrupt, WIRE_INTERRUPT,
			      HRTIMER_MODE_REL_PINNED);
	return received;
}

static enum hrtimer_restart wire_interrupt(struct hrtimer *timer)
{
	napi_schedule(&container_of(timer, struct wire_queue, interrupt)->napi);
	return HRTIMER_NORESTART;
}

static int wire_wakeup(struct net_device *dev, u32 queue, u32 flags)
{
	struct wire *wire = netdev_priv(dev);
	struct wire_queue *q = &wire->queues[queue];

	if (!netif_running(dev))
		return -ENETDOWN;
	if (queue >= dev->num_rx_queues || !q->pool)
		return -ENXIO;
	if (!napi_if_scheduled_mark_missed(&q->napi))
		hrtimer_start(&q->interrupt, WIRE_INTERRUPT,
			      HRTIMER_MODE_REL);
	return 0;
}

/* Configuration, under RTNL */

static void wire_queue_start(struct wire_queue *q)
{
	napi_enable(&q->napi);
	local_bh_disable();
	napi_schedule(&q->napi);
	local_bh_enable();
}

static void wire_queue_stop(struct wire_queue *q)
{
	napi_disable(&q->napi);
	hrtimer_cancel(&q->interrupt);
	skb_queue_purge(&q->arrived);
	kfree_skb(q->partial);
	q->partial = NULL;
	q->broken = false;
	if (q->pool)
		xsk_tx_completed(q->pool, q->in_flight);
	q->in_flight = 0;
}

static int wire_open(struct net_device *dev)
{
	struct wire *wire = netdev_priv(dev);
	int i;

	for (i = 0; i < dev->num_rx_queues; i++)
		wire_queue_start(&wire->queues[i]);
	netif_tx_start_all_queues(dev);
	return 0;
}

static int wire_stop(struct net_device *dev)
{
	struct wire *wire = netdev_priv(dev);
	int i;

	netif_tx_stop_all_queues(dev);
	for (i = 0; i < dev->num_rx_queues; i++)
		wire_queue_stop(&wire->queues[i]);
	return 0;
}

static int wire_memory(struct wire_queue *q, struct xsk_buff_pool *pool)
{
	int err;

	if (xdp_rxq_info_is_reg(&q->rxq))
		xdp_rxq_info_unreg(&q->rxq);
	err = xdp_rxq_info_reg(&q->rxq, q->dev, q->index, q->napi.napi_id);
	if (err)
		return err;
	err = xdp_rxq_info_reg_mem_model(&q->rxq, pool ?
					 MEM_TYPE_XSK_BUFF_POOL :
					 MEM_TYPE_PAGE_SHARED, NULL);
	if (!err && pool)
		xsk_pool_set_rxq_info(pool, &q->rxq);
	return err;
}

static int wire_set_pool(struct net_device *dev, struct xsk_buff_pool *pool,
			 u16 queue)
{
	struct wire *wire = netdev_priv(dev);
	struct wire_queue *q = &wire->queues[queue];
	int err;

	if (queue >= dev->num_rx_queues)
		return -EINVAL;
	if (pool) {
		err = xsk_pool_dma_map(pool, &wire_dma->dev, 0);
		if (err)
			return err;
	}

	if (netif_running(dev))
		wire_queue_stop(q);
	if (q->pool)
		xsk_pool_dma_unmap(q->pool, 0);
	q->pool = pool;
	err = wire_memory(q, pool);
	if (netif_running(dev))
		wire_queue_start(q);
	return err;
}

static int wire_bpf(struct net_device *dev, struct netdev_bpf *bpf)
{
	struct wire *wire = netdev_priv(dev);
	struct bpf_prog *old;

	switch (bpf->command) {
	case XDP_SETUP_PROG:
		old = rtnl_dereference(wire->prog);
		rcu_assign_pointer(wire->prog, bpf->prog);
		if (old)
			bpf_prog_put(old);
		return 0;
	case XDP_SETUP_XSK_POOL:
		return wire_set_pool(dev, bpf->xsk.pool, bpf->xsk.queue_id);
	default:
		return -EINVAL;
	}
}

static void wire_free(struct net_device *dev)
{
	struct wire *wire = netdev_priv(dev);
	int i;

	for (i = 0; wire->queues && i < dev->num_rx_queues; i++) {
		if (xdp_rxq_info_is_reg(&wire->queues[i].rxq))
			xdp_rxq_info_unreg(&wire->queues[i].rxq);
		netif_napi_del(&wire->queues[i].napi);
	}
	kvfree(wire->queues);
}

static int wire_init(struct net_device *dev)
{
	struct wire *wire = netdev_priv(dev);
	int i, err;

	wire->queues = kvcalloc(dev->num_rx_queues, sizeof(*wire->queues),
				GFP_KERNEL);
	if (!wire->queues)
		return -ENOMEM;
	for (i = 0; i < dev->num_rx_queues; i++) {
		struct wire_queue *q = &wire->queues[i];

		q->dev = dev;
		q->index = i;
		skb_queue_head_init(&q->arrived);
		hrtimer_init(&q->interrupt, CLOCK_MONOTONIC,
			     HRTIMER_MODE_REL);
		q->interrupt.function = wire_interrupt;
		netif_napi_add(dev, &q->napi, wire_poll);
	}
	for (i = 0; i < dev->num_rx_queues; i++) {
		err = wire_memory(&wire->queues[i], NULL);
		if (err) {
			wire_free(dev);
			return err;
		}
	}
	return 0;
}

static const struct net_device_ops wire_ops = {
	.ndo_init = wire_init,
	.ndo_open = wire_open,
	.ndo_stop = wire_stop,
	.ndo_start_xmit = wire_xmit,
	.ndo_bpf = wire_bpf,
	.ndo_xsk_wakeup = wire_wakeup,
	.ndo_set_mac_address = eth_mac_addr,
	.ndo_validate_addr = eth_validate_addr,
};

/* What pool->no_tx_out says, a character a queue; '-' where it has no pool. */
static ssize_t no_tx_out_show(struct device *device,
			      struct device_attribute *attr, char *buf)
{
	struct net_device *dev = to_net_dev(device);
	struct wire *wire = netdev_priv(dev);
	int i, length = 0;

	if (!rtnl_trylock())
		return restart_syscall();
	for (i = 0; i < dev->num_rx_queues; i++) {
		const struct xsk_buff_pool *pool = wire->queues[i].pool;

		length += sysfs_emit_at(buf, length, "%c",
					!pool ? '-' : '0' + wire_no_tx_out(pool));
	}
	rtnl_unlock();
	return length + sysfs_emit_at(buf, length, "\n");
}
static DEVICE_ATTR_RO(no_tx_out);

static struct attribute *wire_attrs[] = {
	&dev_attr_no_tx_out.attr,
	NULL
};

static const struct attribute_group wire_group = {
	.attrs = wire_attrs,
};

static void wire_setup(struct net_device *dev)
{
	ether_setup(dev);
	dev->sysfs_groups[0] = &wire_group;
	dev->netdev_ops = &wire_ops;
	dev->priv_destructor = wire_free;
	dev->needs_free_netdev = true;
	dev->max_mtu = WIRE_MTU;
	dev->xdp_features = NETDEV_XDP_ACT_BASIC | NETDEV_XDP_ACT_REDIRECT |
			    NETDEV_XDP_ACT_XSK_ZEROCOPY | NETDEV_XDP_ACT_RX_SG;
	dev->xdp_zc_max_segs = MAX_SKB_FRAGS;
	eth_hw_addr_random(dev);
}

static int wire_newlink(struct net *net, struct net_device *dev,
			struct nlattr *tb[], struct nlattr *data[],
			struct netlink_ext_ack *extack)
{
	struct wire *wire = netdev_priv(dev), *other;
	struct net_device *partner;
	int err;

	if (dev->num_rx_queues != dev->num_tx_queues)
		return -EINVAL;
	err = register_netdevice(dev);
	if (err)
		return err;

	for_each_netdev(dev_net(dev), partner) {
		other = netdev_priv(partner);
		if (partner == dev || partner->rtnl_link_ops != &wire_link_ops ||
		    rtnl_dereference(other->partner))
			continue;
		rcu_assign_pointer(wire->partner, partner);
		rcu_assign_pointer(other->partner, dev);
		netif_carrier_on(partner);
		netif_carrier_on(dev);
		return 0;
	}
	netif_carrier_off(dev);
	return 0;
}

static void wire_dellink(struct net_device *dev, struct list_head *head)
{
	struct wire *wire = netdev_priv(dev);
	struct net_device *partner = rtnl_dereference(wire->partner);

	if (partner) {
		struct wire *other = netdev_priv(partner);

		RCU_INIT_POINTER(other->partner, NULL);
		RCU_INIT_POINTER(wire->partner, NULL);
		netif_carrier_off(partner);
	}
	/* Which waits for those who still look at it */
	unregister_netdevice_queue(dev, head);
}

static struct rtnl_link_ops wire_link_ops = {
	.kind = "xskwire",
	.priv_size = sizeof(struct wire),
	.setup = wire_setup,
	.newlink = wire_newlink,
	.dellink = wire_dellink,
};

static int __init xskwire_init(void)
{
	int err;

	wire_dma = platform_device_register_simple("xskwire", -1, NULL, 0);
	if (IS_ERR(wire_dma))
		return PTR_ERR(wire_dma);
	err = dma_coerce_mask_and_coherent(&wire_dma->dev, DMA_BIT_MASK(64));
	if (!err)
		err = rtnl_link_register(&wire_link_ops);
	if (err)
		platform_device_unregister(wire_dma);
	return err;
}

static void __exit xskwire_exit(void)
{
	rtnl_link_unregister(&wire_link_ops);
	platform_device_unregister(wire_dma);
}

module_init(xskwire_init);
module_exit(xskwire_exit);
MODULE_DESCRIPTION("Network devices with AF_XDP zero-copy, for tests");
MODULE_LICENSE("GPL");
