package network

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Firewall says whether the ingress rules of a VPC network let whoever has an
// address of source, such as 172.16.0.0/28, open a TCP connection to that port of a
// node, and returns the rule that decides, as an index; -1 where none does, which
// denies. Of the rules that match, the one with the lowest number decides, and at
// the same priority one that denies (cloud.google.com/firewall/docs/firewalls).
// It depends where a rule is for machines of which it is not known whether the
// nodes are among them, or for a part of source only.
//
// nodeTag reports whether the nodes have a network tag, and whether that is known.
func Firewall(rules []facts.FirewallRule, source string, port int32, nodeTag func(string) (has, known bool)) (Answer, int) {
	from, err := netip.ParsePrefix(source)
	if err != nil {
		return Depends, -1
	}
	order := make([]int, len(rules))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if rules[a].Priority != rules[b].Priority {
			return int(rules[a].Priority - rules[b].Priority)
		}
		return boolOf(rules[b].Deny) - boolOf(rules[a].Deny)
	})
	perhaps := map[Answer]bool{}
	decide := func(a Answer, rule int) (Answer, int) {
		delete(perhaps, a)
		if len(perhaps) > 0 {
			return Depends, rule
		}
		return a, rule
	}
	for _, i := range order {
		r, answer := rules[i], Allowed
		if r.Deny {
			answer = Denied
		}
		if !coversPort(r.Ports, port) {
			continue
		}
		switch min(coversSource(r.Sources, from), coversNodes(r, nodeTag)) {
		case Allowed:
			return decide(answer, i)
		case Depends:
			perhaps[answer] = true
		case Denied:
		}
	}
	return decide(Denied, -1)
}

func boolOf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// coversPort reports whether the rule is about TCP to that port.
func coversPort(ports []string, port int32) bool {
	return slices.ContainsFunc(ports, func(p string) bool {
		protocol, span, some := strings.Cut(p, ":")
		switch {
		case protocol == "all":
			return true
		case protocol != "tcp" && protocol != "6":
			return false
		case !some:
			return true
		}
		first, last, isRange := strings.Cut(span, "-")
		if !isRange {
			last = first
		}
		low, err1 := strconv.Atoi(first)
		high, err2 := strconv.Atoi(last)
		return err1 == nil && err2 == nil && low <= int(port) && int(port) <= high
	})
}

// coversSource says whether all of from is in one of the ranges: it depends where
// a part is.
func coversSource(ranges []string, from netip.Prefix) Answer {
	answer := Denied
	for _, text := range ranges {
		r, err := netip.ParsePrefix(text)
		switch {
		case err != nil || !r.Overlaps(from):
		case r.Bits() <= from.Bits():
			return Allowed
		default:
			answer = Depends
		}
	}
	return answer
}

// coversNodes says whether the rule is for the nodes.
func coversNodes(r facts.FirewallRule, nodeTag func(string) (has, known bool)) Answer {
	if len(r.TargetTags) == 0 && len(r.TargetAccounts) == 0 {
		return Allowed
	}
	answer := Denied
	if len(r.TargetAccounts) > 0 {
		answer = Depends
	}
	for _, tag := range r.TargetTags {
		switch has, known := nodeTag(tag); {
		case has:
			return Allowed
		case !known:
			answer = Depends
		}
	}
	return answer
}
