package admission

import (
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Culprit is a webhook, or a policy by one of its bindings: who sees a write and
// may be to blame for what becomes of it. Two of them are the same if they are
// equal, and nothing else tells them apart anywhere.
type Culprit struct {
	// Kind is that of the configuration or policy. Where nobody but the API server
	// itself is known to have rejected a write it is no kind of object, but what was
	// done, and the rest is empty.
	Kind Kind `json:"kind"`
	// Name is the configuration's or policy's.
	Name string `json:"name"`
	// Webhook is the webhook's name within its configuration, or the binding's of a
	// policy; empty for a policy that is meant without regard to bindings.
	Webhook string `json:"webhook,omitempty"`
}

// Unapplied reports whether c was not in the cluster, or was another, when s was taken:
// see [facts.Meta].
func (c Culprit) Unapplied(s *facts.Snapshot) bool {
	return slices.Contains(s.Meta.Unapplied, string(c.Kind)+" "+c.Name)
}

// CulpritOf is who the attempt was put to; for a dry-run, which is put to the API
// server, the zero value.
func CulpritOf(a facts.Attempt) Culprit {
	if a.Config == "" && a.Webhook == "" {
		return Culprit{}
	}
	for _, k := range []Kind{MutatingWebhook, ValidatingWebhook} {
		if k.Type() == a.Type {
			return Culprit{k, a.Config, a.Webhook}
		}
	}
	return Culprit{Kind(a.Type), a.Config, a.Webhook}
}

// Type is the kind as attempts and metrics name it: Mutating or Validating for
// webhooks, and any other kind as it is.
func (k Kind) Type() string { return strings.TrimSuffix(string(k), "WebhookConfiguration") }

// IsWebhook reports whether somebody has to be called; a policy is evaluated in the
// API server itself.
func (k Kind) IsWebhook() bool { return k == MutatingWebhook || k == ValidatingWebhook }

// IsPolicy reports whether it is evaluated in the API server itself.
func (k Kind) IsPolicy() bool { return k == MutatingPolicy || k == ValidatingPolicy }

// Resource is the kind's name as kubectl takes it, such as
// validatingwebhookconfiguration.
func (k Kind) Resource() string { return strings.ToLower(string(k)) }

// Object is the culprit without its webhook or binding: the configuration or policy
// to change.
func (c Culprit) Object() Culprit { return Culprit{Kind: c.Kind, Name: c.Name} }

// Binding is the binding of a policy; the zero value for what has none.
func (c Culprit) Binding() Culprit {
	if !c.Kind.IsPolicy() {
		return Culprit{}
	}
	return Culprit{Kind: c.Kind + "Binding", Name: c.Webhook}
}

// String names the culprit with its kind, and with its webhook or binding where
// that has a name of its own.
func (c Culprit) String() string {
	s := strings.TrimSpace(string(c.Kind) + " " + c.Name)
	if c.Webhook != "" && c.Webhook != c.Name {
		s += " (" + c.Webhook + ")"
	}
	return s
}

// Culprit is who intercepts.
func (i Interception) Culprit() Culprit { return Culprit{i.Kind, i.Name, i.Webhook} }
