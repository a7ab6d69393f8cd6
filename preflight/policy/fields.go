package policy

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// An entry is a mapping by its fields' names; under "" stands the mapping itself,
// and its anchor is the path to it.
type entry map[string]*yaml.Node

func (e entry) path(field string) string {
	if at := e[""].Anchor; at != "" {
		return at + "." + field
	}
	return field
}

// fields returns the fields of a mapping; nil if n is none.
func (r *reader) fields(n *yaml.Node, at string, known ...string) entry {
	if n.Kind != yaml.MappingNode {
		where := at + ": "
		if at == "" {
			where = ""
		}
		r.errorf(n.Line, "%sthere are no fields here: write %s", where, strings.Join(known, ", "))
		return nil
	}
	e := entry{"": {Anchor: at, Line: n.Line}}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		path := e.path(key.Value)
		switch {
		case !slices.Contains(known, key.Value):
			r.errorf(key.Line, "%s: there is no such field: %s", path, instead(key.Value, known))
		case e[key.Value] != nil:
			r.errorf(key.Line, "%s: it stands here and in line %d: keep one", path, e[key.Value].Line)
		default:
			e[key.Value] = value
		}
	}
	return e
}

// instead names the field that was meant, or all there are.
func instead(name string, known []string) string {
	for _, k := range known {
		if Distance(strings.ToLower(name), strings.ToLower(k)) <= 2 {
			return "did you mean " + k + "?"
		}
	}
	return "there are " + strings.Join(known, ", ")
}

// list returns the items of a sequence; none if n is nil or null.
func (r *reader) list(n *yaml.Node, at string) []*yaml.Node {
	switch {
	case n == nil || n.Tag == "!!null":
		return nil
	case n.Kind != yaml.SequenceNode:
		r.errorf(n.Line, "%s: this is no list: begin each entry with a dash", at)
		return nil
	}
	return n.Content
}

// text returns a field that is text or a day; false, and a problem where it is
// required, if it is not there.
func (r *reader) text(e entry, field string, required bool) (string, bool) {
	n := e[field]
	switch {
	case n == nil || n.Tag == "!!null":
		if required {
			r.errorf(e[""].Line, "%s: it is missing: %s", e.path(field), purpose[field])
		}
		return "", false
	case n.Kind == yaml.AliasNode:
		r.errorf(n.Line, "%s: *%s is an alias, which is not taken here: write it out", e.path(field), n.Value)
		return "", false
	case n.Kind != yaml.ScalarNode || n.Tag != "!!str" && n.Tag != "!!timestamp":
		r.errorf(n.Line, "%s: this is no text: put it in quotes on one line", e.path(field))
		return "", false
	case strings.TrimSpace(n.Value) == "":
		r.errorf(n.Line, "%s: it is empty: %s", e.path(field), purpose[field])
		return "", false
	}
	return n.Value, true
}

// purpose says what belongs in a field that is missing or empty.
var purpose = map[string]string{
	"apiVersion": "write " + APIVersion,
	"kind":       "write " + Kind,
	"check":      "name a check, such as GP104",
	"subject":    "write a pattern such as NodePool *, or leave it out for any",
	"cluster":    "write a pattern such as PROJECT/LOCATION/NAME, or leave it out for any",
	"severity":   "write info, warning or blocker",
	"reason":     "say why, for whoever reads the report",
	"until":      "name the last day, such as 2026-12-31",
	"owner":      "name who answers for it, or leave it out",
}
