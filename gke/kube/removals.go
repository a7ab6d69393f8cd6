package kube

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
	minors "github.com/gke-preflight/gke-preflight/preflight/version"
)

// deprecatedAPIs reads the metadata of the objects of every resource that is
// served at a version which goes away. Usually that is none.
func deprecatedAPIs(ctx context.Context, c *cluster) (facts.APIUses, error) {
	running, err1 := c.version()
	resources, err2 := c.resources()
	if err := cmp.Or(err1, err2); err != nil {
		return facts.APIUses{}, dependent("which APIs are served and go away is unknown", err)
	}
	v, err := minors.Parse(running.GitVersion)
	if err != nil {
		return facts.APIUses{}, err
	}
	v.Minor += facts.RemovalsAhead
	going := goingAway(resources, v)
	out := facts.APIUses{Through: v.Line()}
	out.APIs, err = each(going, func(g goingResource) ([]facts.APIUse, error) { return g.uses(ctx, c.reader), nil })
	return out, err
}

// A goingResource is a resource some of whose served versions go away.
type goingResource struct {
	schema.GroupResource
	// going are the versions that go away, stays are the others.
	going, stays []string
	lists        bool
}

// goingAway returns the resources of which the minor of through, or one before
// it, removes a version that is served, by group and name.
func goingAway(resources []facts.APIResource, through minors.Version) []goingResource {
	all := map[schema.GroupResource]*goingResource{}
	for _, r := range resources {
		if strings.Contains(r.Resource, "/") {
			continue
		}
		key := schema.GroupResource{Group: r.Group, Resource: r.Resource}
		if all[key] == nil {
			all[key] = &goingResource{GroupResource: key}
		}
		g := all[key]
		g.lists = g.lists || slices.Contains(r.Verbs, "list")
		if a, ok := removals.Of(r.Group, r.Version, r.Resource); ok && !a.ServedIn(through) {
			g.going = append(g.going, r.Version)
		} else {
			g.stays = append(g.stays, r.Version)
		}
	}
	var out []goingResource
	for _, g := range all {
		if g.going != nil {
			out = append(out, *g)
		}
	}
	slices.SortFunc(out, func(a, b goingResource) int {
		return cmp.Or(strings.Compare(a.Group, b.Group), strings.Compare(a.Resource, b.Resource))
	})
	return out
}

// uses lists the objects once, at a version that stays where there is one: the
// API server counts a request at another as one for a deprecated API.
func (g goingResource) uses(ctx context.Context, r *reader) []facts.APIUse {
	stays := newestOf(g.stays)
	var out []facts.APIUse
	for _, v := range g.going {
		out = append(out, facts.APIUse{Group: g.Group, Version: v, Resource: g.Resource, Stays: stays})
	}
	if !g.lists {
		return out
	}
	query := r.metadata.Resource(g.WithVersion(cmp.Or(stays, newestOf(g.going)))).List
	tallies, err := tallied(ctx, r, query, g)
	for i := range out {
		if err != nil {
			out[i].Absence = Why(err)
			continue
		}
		tallies[i].into(&out[i])
	}
	return out
}

type metadataQuery = func(context.Context, metav1.ListOptions) (*metav1.PartialObjectMetadataList, error)

// tallied reads all pages and returns a tally for each version that goes away. A
// list that breaks off is read once more from the start.
func tallied(ctx context.Context, r *reader, query metadataQuery, g goingResource) ([]*tally, error) {
	once := func() ([]*tally, error) {
		var tallies []*tally
		for _, v := range g.going {
			tallies = append(tallies, &tally{apiVersion: schema.GroupVersion{Group: g.Group, Version: v}.String(), writers: map[writer]*facts.APIWriter{}})
		}
		_, err := pages(ctx, r, query, metav1.ListOptions{}, func(o *metav1.PartialObjectMetadata) (struct{}, bool) {
			for _, t := range tallies {
				t.add(o)
			}
			return struct{}{}, false
		})
		return tallies, err
	}
	tallies, err := once()
	if err != nil && Why(err).Reason == facts.Truncated {
		return once()
	}
	return tallies, err
}

const (
	// mostWriters and mostNames bound what is kept of an API's objects.
	mostWriters = 50
	mostNames   = 3

	lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
	addOnLabel  = "addonmanager.kubernetes.io/mode"
)

// A tally counts who wrote objects at one version.
type tally struct {
	apiVersion string
	objects    int
	writers    map[writer]*facts.APIWriter
	more       bool
}

// A writer is a field manager, or the empty string for the annotation of kubectl apply.
type writer struct {
	manager string
	addOn   bool
}

func (t *tally) add(o *metav1.PartialObjectMetadata) {
	t.objects++
	_, addOn := o.Labels[addOnLabel]
	at := map[string]metav1.Time{}
	var byKubectl metav1.Time
	for _, f := range o.ManagedFields {
		when := metav1.Time{}
		if f.Time != nil {
			when = *f.Time
		}
		if strings.HasPrefix(f.Manager, "kubectl") && byKubectl.Before(&when) {
			byKubectl = when
		}
		if f.APIVersion == t.apiVersion && f.Manager != "" {
			if before, ok := at[f.Manager]; !ok || before.Before(&when) {
				at[f.Manager] = when
			}
		}
	}
	if appliedAt(o.Annotations[lastApplied]) == t.apiVersion {
		at[""] = byKubectl
	}
	for manager, when := range at {
		t.count(writer{manager, addOn}, o, when)
	}
}

func (t *tally) count(w writer, o *metav1.PartialObjectMetadata, at metav1.Time) {
	kept := t.writers[w]
	if kept == nil {
		if len(t.writers) == mostWriters {
			t.more = true
			return
		}
		kept = &facts.APIWriter{Manager: w.manager, AddOn: w.addOn}
		t.writers[w] = kept
	}
	kept.Objects++
	if len(kept.Names) < mostNames {
		kept.Names = append(kept.Names, strings.TrimPrefix(o.Namespace+"/"+o.Name, "/"))
	}
	if at.Time.After(kept.Latest) {
		kept.Latest = at.UTC()
	}
}

// appliedAt returns the apiVersion in the annotation of kubectl apply, and reads
// no more of it; empty if it has none.
func appliedAt(annotation string) string {
	var applied struct {
		APIVersion string `json:"apiVersion"`
	}
	if annotation == "" || json.Unmarshal([]byte(annotation), &applied) != nil {
		return ""
	}
	return applied.APIVersion
}

func (t *tally) into(u *facts.APIUse) {
	u.Objects, u.OtherWriters = t.objects, t.more
	for _, w := range t.writers {
		u.Writers = append(u.Writers, *w)
	}
	slices.SortFunc(u.Writers, func(a, b facts.APIWriter) int {
		return cmp.Or(strings.Compare(a.Manager, b.Manager), cmp.Compare(fmt.Sprint(a.AddOn), fmt.Sprint(b.AddOn)))
	})
}
