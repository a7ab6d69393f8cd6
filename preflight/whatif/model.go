package whatif

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A model is what the search looks at: the backends of webhooks that fail
// closed, and where their pods run.
type model struct {
	s        *facts.Snapshot
	attempts []facts.Attempt
	today    []Harm
	webhooks []webhook
	backends []backend
	pods     []pod
	pools    map[string]*pool
	// rooms are the nodes that take pods, by node pool; nil where new nodes get their
	// network whatever becomes of the webhooks.
	rooms map[string][]room
	until time.Time
	gaps  []string
}

// A webhook is one that fails closed.
type webhook struct {
	Webhook
	// backend is namespace/service:port, or a URL.
	backend string
	bundle  []byte
	harm    []Harm
}

// A backend is a Service and port that at least one webhook calls, and whose
// loss does harm.
type backend struct {
	name, namespace string
	service         string
	webhooks        []int
	// pods are those behind its ready endpoints, as indexes.
	pods   []int
	places []Place
	harm   []Harm
}

// A pod is what stands behind a ready endpoint. An address that names no pod is
// taken for one.
type pod struct {
	namespace, name  string
	node, zone, pool string
	// bare says that no controller replaces it; daemon that a drain leaves it
	// until the node goes.
	bare, daemon bool
	// hostNetwork says that it needs no more of its node's network than the node itself.
	hostNetwork bool
	// budget is the index of the one that governs its eviction; -1 for none.
	budget int
	// several says that more than one budget matches, so that every eviction fails.
	several bool
	start   time.Duration
}

// A pool is a node pool, and how many of its nodes are drained at a time.
type pool struct {
	name    string
	atOnce  int
	in      string
	drain   time.Duration
	assumed bool
	// takesFirst says that an upgrade takes nodes away before it adds any.
	takesFirst bool
}

// url is empty for a webhook that calls a Service.
func (w webhook) url() string {
	if strings.Contains(w.backend, "://") {
		return w.backend
	}
	return ""
}

// failClosed lists the webhooks that fail closed, apart from those that GKE runs
// beside each replica.
func failClosed(s *facts.Snapshot) []webhook {
	var ws []webhook
	add := func(kind admission.Kind, config, name string, p *admissionregistrationv1.FailurePolicyType, c admissionregistrationv1.WebhookClientConfig) {
		if p != nil && *p != admissionregistrationv1.Fail {
			return
		}
		w := webhook{Webhook: Webhook{string(kind), config, name}, bundle: c.CABundle}
		if b := admission.BackendOf(c); b.URL == "" {
			w.backend = fmt.Sprintf("%s/%s:%d", b.Namespace, b.Name, b.Port)
		} else {
			w.backend = b.URL
		}
		if (admission.Interception{Webhook: name, Backend: admission.Backend{URL: w.url()}}).ProviderManaged() {
			return
		}
		ws = append(ws, w)
	}
	for _, c := range facts.MutatingWebhooks.Of(s) {
		for _, w := range c.Webhooks {
			add(admission.MutatingWebhook, c.Name, w.Name, w.FailurePolicy, w.ClientConfig)
		}
	}
	for _, c := range facts.ValidatingWebhooks.Of(s) {
		for _, w := range c.Webhooks {
			add(admission.ValidatingWebhook, c.Name, w.Name, w.FailurePolicy, w.ClientConfig)
		}
	}
	return ws
}

// addBackends groups the webhooks that can do harm by what they call.
func (m *model) addBackends() {
	for n, w := range m.webhooks {
		if len(w.harm) == 0 {
			continue
		}
		i := slices.IndexFunc(m.backends, func(b backend) bool { return b.name == w.backend })
		if i < 0 {
			i = len(m.backends)
			b := backend{name: w.backend}
			if w.url() == "" {
				b.namespace, b.service, _ = strings.Cut(w.backend, "/")
				b.service = b.service[:strings.LastIndexByte(b.service, ':')]
			}
			m.backends = append(m.backends, b)
		}
		m.backends[i].webhooks = append(m.backends[i].webhooks, n)
		m.backends[i].harm = join(m.backends[i].harm, w.harm)
	}
	slices.SortStableFunc(m.backends, func(a, b backend) int {
		return cmp.Or(-compareBool(grave(a.harm), grave(b.harm)), cmp.Compare(a.name, b.name))
	})
}

func grave(hs []Harm) bool { return slices.ContainsFunc(hs, func(h Harm) bool { return h.Grave }) }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// blocked reports whether nothing can create a pod in the namespace while
// nobody answers for w.
func (w webhook) blocks(namespace string) bool {
	return slices.ContainsFunc(w.harm, func(h Harm) bool { return h.Namespace == namespace && namespace != "" })
}
