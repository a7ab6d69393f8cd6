package plan

import (
	"fmt"
	"slices"
	"strings"
)

// told are attributes that are read by themselves, for more than that they change.
var told = []string{"min_master_version", "release_channel", "desired_emulated_version", "node_version", "version", "node_pool", "remove_default_node_pool"}

// attributes reads everything else that changes, by what is known of it.
func (c *change) attributes(k Knowledge) {
	for _, key := range keys(c.before, c.after, c.unknown) {
		if slices.Contains(told, key) {
			continue
		}
		c.attribute(k, key, c.before[key], c.after[key], c.unknown[key], c.sensitive[key])
	}
}

// attribute reads one, or those below it where they are known one by one.
func (c *change) attribute(k Knowledge, path string, from, to, unknown, sensitive any) {
	if same(from, to) && !anyTrue(unknown) {
		return
	}
	if k.Type == clusterType && path == "node_config" {
		c.attribute(poolKnowledge, path, from, to, unknown, sensitive)
		return
	}
	a, quiet := k.find(path)
	if k.divides(path) && unknown != true && oneBlock(from) && oneBlock(to) {
		was, will, marks := onlyBlock(from), onlyBlock(to), onlyBlock(unknown)
		for _, key := range keys(was, will, marks) {
			c.attribute(k, path+"."+key, was[key], will[key], marks[key], below(below(sensitive, "", 0), key, -1))
		}
		return
	}
	what := differences(path, from, to, unknown, sensitive)
	switch {
	case a.Path != "":
		c.adds(what+": "+a.words(), a.Kinds...)
	case k.divides(path):
		c.adds(what, k.below(path)...)
	case !quiet:
		kind, as := ControlPlane, "the control plane started anew"
		if k.Type == nodePoolType {
			kind, as = Nodes, "nodes were made anew"
		}
		c.adds(fmt.Sprintf("%s, an attribute that this version does not know: counted as if %s", what, as), kind)
	}
}

// oneBlock reports whether x is a block of which there is one at most.
func oneBlock(x any) bool {
	list, isList := x.([]any)
	return empty(x) || onlyBlock(x) != nil && (!isList || len(list) == 1)
}

// onlyBlock is a block of which there is one at most; what concerns it, where x is a
// mark; nil for anything else.
func onlyBlock(x any) map[string]any {
	if list, ok := x.([]any); ok {
		x = first(list)
	}
	m, _ := x.(map[string]any)
	return m
}

// below is what the attributes below path make anew.
func (k Knowledge) below(path string) (kinds []Kind) {
	for _, a := range k.Counts {
		if strings.HasPrefix(a.Path, path+".") {
			for _, kind := range a.Kinds {
				if !slices.Contains(kinds, kind) {
					kinds = append(kinds, kind)
				}
			}
		}
	}
	return kinds
}

// words say what a change of the attribute does, and where that is only inferred.
func (a Attribute) words() string {
	does := make([]string, len(a.Kinds))
	for i, k := range a.Kinds {
		switch k {
		case ControlPlane:
			does[i] = "the control plane starts anew"
		case Nodes:
			does[i] = "nodes are made anew"
		case Recreation, Deletion:
			does[i] = "the cluster is deleted"
		}
	}
	s := strings.Join(does, ", ")
	if a.Basis == Inferred {
		s += " (inferred)"
	}
	return s
}
