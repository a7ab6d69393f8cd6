package network_test

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/network"
)

// TestFirewall is the table of a VPC's ingress rules, for 172.16.0.0/28 and port 8443.
func TestFirewall(t *testing.T) {
	rule := func(priority int64, deny bool, change ...func(*facts.FirewallRule)) facts.FirewallRule {
		r := facts.FirewallRule{Priority: priority, Deny: deny, Ports: []string{"tcp:8443"}, Sources: []string{"172.16.0.0/28"}}
		for _, c := range change {
			c(&r)
		}
		return r
	}
	ports := func(p ...string) func(*facts.FirewallRule) { return func(r *facts.FirewallRule) { r.Ports = p } }
	sources := func(s ...string) func(*facts.FirewallRule) { return func(r *facts.FirewallRule) { r.Sources = s } }
	tags := func(s ...string) func(*facts.FirewallRule) { return func(r *facts.FirewallRule) { r.TargetTags = s } }
	accounts := func(r *facts.FirewallRule) { r.TargetAccounts = []string{"a@p.iam.gserviceaccount.com"} }
	for name, c := range map[string]struct {
		rules []facts.FirewallRule
		want  network.Answer
	}{
		"no rule denies":                          {nil, network.Denied},
		"one allows":                              {[]facts.FirewallRule{rule(1000, false)}, network.Allowed},
		"the lower number wins":                   {[]facts.FirewallRule{rule(1000, true), rule(999, false)}, network.Allowed},
		"at the same number a denial wins":        {[]facts.FirewallRule{rule(1000, false), rule(1000, true)}, network.Denied},
		"all protocols":                           {[]facts.FirewallRule{rule(1000, false, ports("all"))}, network.Allowed},
		"all of TCP, by number":                   {[]facts.FirewallRule{rule(1000, false, ports("6"))}, network.Allowed},
		"a range of ports":                        {[]facts.FirewallRule{rule(1000, false, ports("udp", "tcp:8000-9000"))}, network.Allowed},
		"other ports":                             {[]facts.FirewallRule{rule(1000, false, ports("tcp:443", "udp:8443", "tcp:9000-9999"))}, network.Denied},
		"a wider source":                          {[]facts.FirewallRule{rule(1000, false, sources("172.16.0.0/12"))}, network.Allowed},
		"a part of the source":                    {[]facts.FirewallRule{rule(1000, false, sources("172.16.0.0/29"))}, network.Depends},
		"another source":                          {[]facts.FirewallRule{rule(1000, false, sources("10.0.0.0/8"))}, network.Denied},
		"sources that are no addresses":           {[]facts.FirewallRule{rule(1000, false, sources())}, network.Denied},
		"the nodes' tag":                          {[]facts.FirewallRule{rule(1000, false, tags("other", "nodes"))}, network.Allowed},
		"a tag that nodes don't have":             {[]facts.FirewallRule{rule(1000, false, tags("other"))}, network.Denied},
		"a tag that they may have":                {[]facts.FirewallRule{rule(1000, false, tags("perhaps"))}, network.Depends},
		"accounts that they may have":             {[]facts.FirewallRule{rule(1000, false, accounts)}, network.Depends},
		"what is allowed may be denied before":    {[]facts.FirewallRule{rule(900, true, tags("perhaps")), rule(1000, false)}, network.Depends},
		"what is denied anyway may be so earlier": {[]facts.FirewallRule{rule(900, true, tags("perhaps")), rule(1000, true)}, network.Denied},
	} {
		got, _ := network.Firewall(c.rules, "172.16.0.0/28", 8443, func(tag string) (has, known bool) { return tag == "nodes", tag != "perhaps" })
		if got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if got, _ := network.Firewall(nil, "nowhere", 8443, nil); got != network.Depends {
		t.Errorf("a source that can't be read: %v", got)
	}
}
