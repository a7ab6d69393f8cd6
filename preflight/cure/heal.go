package cure

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A patched object is one that a patch was made for.
type patched struct {
	object
	patch []byte
	ds    []difference
	// after is the snapshot that the patch was tried on, with it.
	after *facts.Snapshot
}

// heal finds the best candidate against t: the first that cures, else the one
// that leaves the least. Everything else that does harm is out of the way while it
// is looked for, or nothing could be seen to help.
func heal(s *facts.Snapshot, all troubles, t trouble, o Options) (Cure, patched, *Left) {
	left := func(reason string) (Cure, patched, *Left) { return Cure{}, patched{}, &Left{t.kind, t.name, reason} }
	if why := refused(s, t); why != "" {
		return left(why)
	}
	ground := isolate(s, all, t)
	c := Cure{Kind: t.kind, Name: t.name, Webhooks: t.webhooks, Hooks: t.hooks, Lifelines: t.lines, Supposed: t.precaution, Before: stateFor(ground, t)}
	best, lowest := patched{}, score(ground, t)
	for _, k := range candidates(s, t, o) {
		made, why := try(ground, t, k)
		if why == "" && k.way == Rules {
			if rest, harms := troublesOf(foretold(made.after)).of(t.key); harms {
				k = k.and(exemptionOf(rest.writes), s)
				made, why = try(ground, t, k)
			}
		}
		if why != "" {
			c.Tried = union(c.Tried, Trial{Way: k.way, Why: why})
			continue
		}
		state, n := stateFor(made.after, t), score(made.after, t)
		if n >= lowest {
			c.Tried = append(c.Tried, Trial{Way: k.way, Does: k.does, After: &state, Cures: n == none})
			continue
		}
		if best.patch != nil {
			replaced := c.After
			c.Tried = append(c.Tried, Trial{Way: c.Way, Does: c.Does, After: &replaced})
		}
		best, lowest = made, n
		c.Way, c.Does, c.After, c.Cures = k.way, k.does, state, n == none
		if c.Cures && !o.All {
			break
		}
	}
	if best.patch == nil {
		return left("no patch is known to help: " + reasons(c.Tried))
	}
	if why := c.write(s, best); why != "" {
		return left(why)
	}
	return c, best, nil
}

// refused says why no patch of the object is offered at all; empty if one may be.
func refused(s *facts.Snapshot, t trouble) string {
	if len(validation.IsDNS1123Subdomain(t.name)) > 0 {
		return "its name is none that an API server accepts"
	}
	o, ok := find(s, t.key)
	if !ok {
		return "the recording does not hold it"
	}
	names := map[string]bool{}
	for _, p := range o.parts {
		if names[p.webhook] {
			return fmt.Sprintf("two of its webhooks are called %q, so that a patch could reach the wrong one", p.webhook)
		}
		names[p.webhook] = true
	}
	for _, w := range t.webhooks {
		if providers(s, t.key, w) {
			return "GKE itself runs it beside each replica: it is not to be patched"
		}
	}
	return ""
}

// try makes the patch of one candidate, or says why there is none.
func try(s *facts.Snapshot, t trouble, k candidate) (made patched, why string) {
	before, _ := find(s, t.key)
	after, _ := find(s, t.key)
	var whys []string
	changed := false
	for n := range after.parts {
		if t.webhooks != nil && !slices.Contains(t.webhooks, after.parts[n].webhook) {
			continue
		}
		why := k.change(&after.parts[n])
		if why != "" {
			whys = union(whys, why)
		}
		changed = changed || why == ""
	}
	if !changed {
		return patched{}, strings.Join(whys, "; ")
	}
	ds := differences(before, after)
	patch, err := encode(operations(ds))
	if err == nil {
		_, err = apply(s, before, patch)
	}
	if err != nil {
		return patched{}, err.Error()
	}
	made = patched{object: after, patch: patch, ds: ds}
	made.after = together(s, []patched{made})
	return made, ""
}

// write notes the patch in the forms that people use, or says why it can't be written.
func (c *Cure) write(s *facts.Snapshot, p patched) (why string) {
	text, force, err := manifest(s, p.object, p.ds)
	switch {
	case err != nil:
		return err.Error()
	case strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }):
		return "it holds characters that no API server accepts"
	}
	c.Patch, c.Command, c.Manifest, c.Force = p.patch, command(p.key, p.patch), text, force
	c.Owners, c.Advice = owners(p.value), advice(p.name)
	return ""
}

func reasons(tried []Trial) string {
	var parts []string
	for _, t := range tried {
		why := t.Why
		if t.After != nil {
			why = fmt.Sprintf("%s if it %s", t.After.Outcome, t.Does)
		}
		parts = union(parts, fmt.Sprintf("%s: %s", t.Way, why))
	}
	return cmp.Or(strings.Join(parts, "; "), "there is none to try")
}
