package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A values is what a resource or a block is before, after, or which of it is unknown
// or sensitive.
type values map[string]any

func (v values) str(name string) string {
	s, _ := v[name].(string)
	return s
}

// block is the only block of that name; nil without one.
func (v values) block(name string) values {
	if all := v.blocks(name); len(all) > 0 {
		return all[0]
	}
	return nil
}

// blocks are the blocks of that name, an empty one for what is none.
func (v values) blocks(name string) []values {
	list, _ := v[name].([]any)
	if one, ok := v[name].(map[string]any); ok {
		list = []any{one}
	}
	all := make([]values, len(list))
	for i, block := range list {
		all[i], _ = block.(map[string]any)
	}
	return all
}

// isText reports whether the attribute of that name is a string, or not there.
func (v values) isText(name string) bool {
	_, ok := v[name].(string)
	return ok || v[name] == nil
}

// has reports whether anything below the name is marked: as only known after apply,
// or as sensitive.
func (v values) has(name string) bool { return anyTrue(v[name]) }

func anyTrue(x any) bool {
	switch x := x.(type) {
	case bool:
		return x
	case []any:
		return slices.ContainsFunc(x, anyTrue)
	case map[string]any:
		return slices.ContainsFunc(slices.Collect(maps.Values(x)), anyTrue)
	}
	return false
}

// below is the part of a mark, such as that of what is sensitive, that concerns one
// element of a value: a mark on the whole concerns each.
func below(mark any, key string, index int) any {
	switch m := mark.(type) {
	case bool:
		return m
	case map[string]any:
		return m[key]
	case []any:
		if index >= 0 && index < len(m) {
			return m[index]
		}
	}
	return nil
}

// empty reports whether a value is what a resource without it has too: the provider's
// SDK tells null, false, 0 and "" not apart.
func empty(x any) bool {
	switch x := x.(type) {
	case nil:
		return true
	case bool:
		return !x
	case string:
		return x == ""
	case float64:
		return x == 0
	case []any:
		return len(x) == 0
	case map[string]any:
		return len(x) == 0
	}
	return false
}

// same reports whether two values are alike to the provider.
func same(a, b any) bool {
	if empty(a) || empty(b) {
		return empty(a) && empty(b)
	}
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		return ok && slices.EqualFunc(a, b, same)
	case map[string]any:
		b, ok := b.(map[string]any)
		if !ok {
			return false
		}
		for _, k := range keys(a, b) {
			if !same(a[k], b[k]) {
				return false
			}
		}
		return true
	}
	return a == b
}

func keys(ms ...map[string]any) []string {
	var all []string
	for _, m := range ms {
		all = slices.AppendSeq(all, maps.Keys(m))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// shown is how many values of one attribute are told one by one.
const shown = 3

// differences says what changes within one attribute, value by value. What the plan
// marks as sensitive is not told.
func differences(name string, from, to, unknown, sensitive any) string {
	var all []string
	collect(&all, name, from, to, unknown, sensitive)
	if len(all) > shown {
		all = append(all[:shown], fmt.Sprintf("and %d more", len(all)-shown))
	}
	return strings.Join(all, ", ")
}

func collect(all *[]string, name string, from, to, unknown, sensitive any) {
	switch {
	case unknown == true && sensitive != true:
		switch from.(type) {
		case []any, map[string]any:
			*all = append(*all, name+" -> known after apply")
		default:
			*all = append(*all, fmt.Sprintf("%s %s -> known after apply", name, text(from)))
		}
		return
	case sensitive == true:
		*all = append(*all, name+" (sensitive)")
		return
	case same(from, to) && !anyTrue(unknown):
		return
	}
	a, isMap := from.(map[string]any)
	b, isMapToo := to.(map[string]any)
	x, isList := from.([]any)
	y, isListToo := to.([]any)
	switch {
	case (isMap || empty(from)) && (isMapToo || empty(to)) && (isMap || isMapToo):
		marks, _ := unknown.(map[string]any)
		for _, k := range keys(a, b, marks) {
			collect(all, join(name, k), a[k], b[k], below(unknown, k, -1), below(sensitive, k, -1))
		}
	case (isList || empty(from)) && (isListToo || empty(to)) && len(x) <= 1 && len(y) <= 1 && (areBlocks(x) || areBlocks(y)):
		collect(all, name, first(x), first(y), below(unknown, "", 0), below(sensitive, "", 0))
	case anyTrue(sensitive):
		*all = append(*all, name+" (sensitive)")
	default:
		*all = append(*all, fmt.Sprintf("%s %s -> %s", name, text(from), text(to)))
	}
}

func join(name, key string) string { return strings.TrimPrefix(name+"."+key, ".") }

func areBlocks(list []any) bool {
	_, ok := first(list).(map[string]any)
	return ok
}

func first(list []any) any {
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// text is a value in words, cut where it is long.
func text(x any) string {
	const long = 60
	s := ""
	switch x := x.(type) {
	case bool:
		return strconv.FormatBool(x)
	case float64:
		return strconv.FormatFloat(x, 'f', -1, 64)
	case string:
		s = x
	default:
		if !empty(x) {
			b, _ := json.Marshal(x)
			s = string(b)
		}
	}
	if runes := []rune(s); len(runes) > long {
		s = string(runes[:long]) + "..."
	}
	return orNone(s)
}

func orNone(s string) string {
	if s == "" {
		return "(none)"
	}
	return s
}
