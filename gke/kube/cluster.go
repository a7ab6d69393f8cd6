package kube

import (
	"context"
	"sync"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A lazy value is read at the first call; later calls return the same.
type lazy[T any] func() (T, error)

// A cluster holds what several facts need: each is read once, by whoever needs
// it first, and the others wait for it.
type cluster struct {
	*reader
	version            lazy[facts.Version]
	resources          lazy[[]facts.APIResource]
	validatingWebhooks lazy[validatingWebhooks]
	mutatingWebhooks   lazy[mutatingWebhooks]
	validatingPolicies lazy[validatingPolicies]
	validatingBindings lazy[validatingBindings]
	mutatingPolicies   lazy[mutatingPolicies]
	mutatingBindings   lazy[mutatingBindings]
	conversions        lazy[[]facts.Conversion]
	apiServices        lazy[[]facts.APIService]
	backends           lazy[[]serviceName]
	nodes              lazy[nodesRead]
	namespaces         lazy[namespacesRead]
	services           lazy[servicesRead]
	volumes            lazy[map[string]string]
	pods               lazy[podsRead]
	helm               lazy[helmRead]
}

func share(ctx context.Context, r *reader) *cluster {
	c := &cluster{reader: r}
	c.version = once(ctx, c, version)
	c.resources = once(ctx, c, resources)
	c.validatingWebhooks = once(ctx, c, readValidatingWebhooks)
	c.mutatingWebhooks = once(ctx, c, readMutatingWebhooks)
	c.validatingPolicies = once(ctx, c, readValidatingPolicies)
	c.validatingBindings = once(ctx, c, readValidatingBindings)
	c.mutatingPolicies = once(ctx, c, readMutatingPolicies)
	c.mutatingBindings = once(ctx, c, readMutatingBindings)
	c.conversions = once(ctx, c, readConversions)
	c.apiServices = once(ctx, c, readAPIServices)
	c.backends = once(ctx, c, backends)
	c.nodes = once(ctx, c, readNodes)
	c.namespaces = once(ctx, c, readNamespaces)
	c.services = once(ctx, c, readServices)
	c.volumes = once(ctx, c, readVolumes)
	c.pods = once(ctx, c, readPods)
	c.helm = once(ctx, c, readHelm)
	return c
}

func once[T any](ctx context.Context, c *cluster, read func(context.Context, *cluster) (T, error)) lazy[T] {
	return sync.OnceValues(func() (T, error) { return read(ctx, c) })
}

func shared[T any](field func(*cluster) lazy[T]) func(context.Context, *cluster) (T, error) {
	return func(_ context.Context, c *cluster) (T, error) { return field(c)() }
}
