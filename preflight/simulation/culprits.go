package simulation

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/manifest"
)

// A Culprit is a webhook or policy that a harm comes from.
type Culprit struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Webhook is the webhook's name, or that of a policy's binding.
	Webhook       string `json:"webhook,omitempty"`
	FailurePolicy string `json:"failurePolicy"`
	// TimeoutSeconds is a webhook's; zero for a policy.
	TimeoutSeconds float64 `json:"timeoutSeconds,omitempty"`
	// Denial is what a policy says; empty for a webhook.
	Denial string `json:"denial,omitempty"`
	// Added says that it comes from a manifest.
	Added bool `json:"added,omitempty"`
	// File and Line are where it stands in the manifest; empty and zero for what comes
	// from no manifest, and where that is not known. File is - for standard input.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	// Template is the file of a chart that Helm made it of, as Helm's comment says.
	Template string `json:"template,omitempty"`
}

// String names the webhook or policy with what makes it dangerous, such as
// "nodes.example.org (Fail, 30 s)".
func (c Culprit) String() string {
	switch k := admission.Kind(c.Kind); {
	case k.IsWebhook():
		return fmt.Sprintf("%s (%s, %g s)", c.Webhook, c.FailurePolicy, c.TimeoutSeconds)
	case c.Denial != "":
		return fmt.Sprintf("%s %s (denies)", c.Kind, c.Name)
	}
	return fmt.Sprintf("%s %s", c.Kind, c.Name)
}

// A suspect tells of culprits what a forecast does not keep of them.
type suspects struct {
	added *manifest.Added
	// holds reports whether one comes from a manifest.
	holds func(admission.Interception) bool
	seen  map[admission.Culprit]admission.Interception
	// places are those that were looked for: one culprit may do much harm.
	places map[admission.Culprit]manifest.Place
}

func suspectsOf(s *facts.Snapshot, added *manifest.Added) suspects {
	x := suspects{added, holds(added), map[admission.Culprit]admission.Interception{}, map[admission.Culprit]manifest.Place{}}
	for _, all := range [][]admission.Intercepted{admission.Intercept(s), lifeline.Intercept(s)} {
		for _, w := range all {
			for _, i := range w.By {
				x.seen[i.Culprit()] = i
			}
		}
	}
	return x
}

func (x suspects) culprits(blamed []forecast.Blame) (all []Culprit) {
	for _, b := range blamed {
		i, ok := x.seen[b.Culprit]
		if !ok {
			continue
		}
		c := Culprit{
			Kind: string(i.Kind), Name: i.Name, Webhook: i.Webhook, FailurePolicy: b.FailurePolicy, TimeoutSeconds: i.Timeout.Seconds(),
			Denial: i.Denial, Added: x.holds(i),
		}
		if c.Added {
			p := x.place(b.Culprit)
			c.File, c.Line, c.Template = p.File, p.Line, p.Template
		}
		all = append(all, c)
	}
	return all
}

func (x suspects) place(c admission.Culprit) manifest.Place {
	p, known := x.places[c]
	if !known {
		p = x.find(c)
		x.places[c] = p
	}
	return p
}

func (x suspects) find(c admission.Culprit) manifest.Place {
	webhook := ""
	if c.Kind.IsWebhook() {
		webhook = c.Webhook
	}
	if p := x.added.Place(manifest.Name{Kind: string(c.Kind), Name: c.Name}, webhook); p.File != "" {
		return p
	}
	b := c.Binding()
	return x.added.Place(manifest.Name{Kind: string(b.Kind), Name: b.Name}, "")
}

func names(cs []Culprit) (all []string) {
	for _, c := range cs {
		all = append(all, c.String())
	}
	return all
}
