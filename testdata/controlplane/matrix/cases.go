package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// A Case is one upgrade: a cluster of one minor, something wrong with a webhook,
// and the next minor.
type Case struct {
	// ID names the case, such as "1.35/everything/Fail/hung before TLS".
	ID string
	// From and To are minors.
	From, To string
	// Fault is what is wrong, Policy the webhook's failurePolicy and Scope what it sees.
	Fault, Policy, Scope string
	// Bound is how long to wait for the new replica; zero for the rig's own bound.
	Bound time.Duration
	// Lives is how many times it is started anew after it has exited.
	Lives int
	// SameHost says that the new replica has the host name of the old one, which
	// has been stopped.
	SameHost bool
	// Outside says that the forecast is also made through the service proxy.
	Outside bool

	stage staging
}

// minors are those of the pairs, the newest first.
func minors() []string {
	lines := bootstrap.Minors()
	slices.Reverse(lines)
	return lines
}

// timeout is that of the webhooks, in seconds, where the case is not about it.
const timeout = 3

// slowness is what a slow backend takes, which is less than the timeout.
const slowness = 1500 * time.Millisecond

// retirement is longer than the five minutes that
// priority-and-fairness-config-producer has.
const retirement = 330 * time.Second

// All returns every case: the newest pair first, and in a pair the full product
// of faults and failure policies on a webhook that sees everything, then
// narrower scopes with faults that differ in kind.
func All() []Case {
	var all []Case
	minors := minors()
	for i, to := range minors[:len(minors)-1] {
		p := pair{from: minors[i+1], to: to}
		p.product()
		p.ofItsOwn()
		all = append(all, p.cases...)
	}
	return append(all, patch(minors[0])...)
}

// patch are upgrades within a minor, where the new replica writes no more than
// it does at every start.
func patch(minor string) []Case {
	p := pair{from: minor, to: minor}
	for _, f := range []fault{hungAfterTLS, denied, noEndpoints} {
		p.both(f, everything)
	}
	return p.cases
}

type pair struct {
	from, to string
	cases    []Case
}

func (p *pair) product() {
	p.add(Case{Fault: "none", Policy: "Fail", Scope: "everything", Outside: true, stage: staging{fault: healthy, scope: everything}})
	for _, f := range faults {
		p.both(f, everything)
	}
	for _, f := range []fault{hungBeforeTLS, denied, slow} {
		p.both(f, roles)
	}
	for _, f := range []fault{hungAfterTLS, denied, refused} {
		p.both(f, background)
	}
	for _, f := range []fault{hungBeforeTLS, denied, wrongCertificate} {
		p.both(f, notKubeSystem)
	}
}

func (p *pair) both(f fault, s scope, adjust ...func(*Case)) {
	for _, policy := range []string{"Fail", "Ignore"} {
		c := Case{Fault: f.name, Policy: policy, Scope: s.name, Outside: s.name == everything.name, stage: staging{fault: f, scope: s}}
		for _, a := range adjust {
			a(&c)
		}
		p.add(c)
	}
}

func (p *pair) add(c Case) {
	c.From, c.To = p.from, p.to
	c.ID = strings.Join([]string{p.from, c.Scope, c.Policy, c.Fault}, "/")
	if c.stage.timeout == 0 {
		c.stage.timeout = timeout
	}
	c.stage.failOpen = c.Policy == "Ignore"
	p.cases = append(p.cases, c)
}

// services are created beforehand where IPAddresses are what the case is about.
func services(n int) func(*Case) { return func(c *Case) { c.stage.services = n } }

func waiting(d time.Duration) func(*Case) { return func(c *Case) { c.Bound = d } }

// named overrides the fault's name, where the case adds something to it.
func named(fault string) func(*Case) { return func(c *Case) { c.Fault = fault } }

// ofItsOwn adds what only this pair has.
func (p *pair) ofItsOwn() {
	switch p.to {
	case "1.37":
		p.shapes()
		for _, f := range []fault{hungAfterTLS, denied, refused} {
			p.both(f, apiServices)
		}
		for _, f := range []fault{hungBeforeTLS, denied} {
			p.both(f, exempted)
		}
	case "1.36":
		p.shapes()
	case "1.34":
		for _, f := range []fault{hungAfterTLS, denied} {
			p.both(f, flowSchemas, waiting(retirement))
		}
		for _, f := range []fault{hungAfterTLS, denied, refused} {
			p.both(f, apiServices)
		}
	case "1.33":
		p.addresses()
	case "1.31":
		p.add(Case{Fault: "a policy denies", Policy: "Fail", Scope: systemRoles.name, stage: staging{policy: true}})
	}
}

// shapes are webhooks of other kinds and timeouts.
func (p *pair) shapes() {
	for _, f := range []fault{hungBeforeTLS, denied, slow} {
		p.both(f, everything, named(f.name+", mutating"), func(c *Case) { c.stage.mutating = 1 })
	}
	for _, seconds := range []int32{1, 10} {
		p.both(hungAfterTLS, everything, named(fmt.Sprintf("%s, timeout %d s", hungAfterTLS.name, seconds)), waiting(retirement), func(c *Case) { c.stage.timeout = seconds })
	}
	for _, n := range []int{3, 4} {
		name := map[int]string{3: "three hung", 4: "four hung"}[n]
		p.add(Case{Fault: name + " in series, mutating, timeout 10 s", Policy: "Ignore", Scope: oneRole.name, stage: staging{fault: hungAfterTLS, scope: oneRole, mutating: n, timeout: 10}})
	}
	p.add(Case{Fault: "a policy denies", Policy: "Fail", Scope: systemRoles.name, stage: staging{policy: true}})
	p.both(hungAfterTLS, background, named(hungAfterTLS.name+", timeout 10 s, same host name"), func(c *Case) {
		c.stage.timeout, c.SameHost = 10, true
	})
}

// addresses are about the IPAddress of every ClusterIP, which 1.33 creates.
func (p *pair) addresses() {
	for _, f := range []fault{hungAfterTLS, denied, slow, refused} {
		p.both(f, ipAddresses, services(5))
	}
	for _, f := range []fault{hungAfterTLS, denied, missingService} {
		p.both(f, serviceCIDRs)
	}
	crawling := fault{name: "answers after 350 ms", backend: answersAfter(350 * time.Millisecond)}
	for _, n := range []int{100, 200} {
		p.add(Case{Fault: fmt.Sprintf("%s, %d Services", crawling.name, n), Policy: "Fail", Scope: ipAddresses.name, stage: staging{fault: crawling, scope: ipAddresses, services: n}})
	}
	p.add(Case{Fault: hungAfterTLS.name + ", 50 Services", Policy: "Ignore", Scope: ipAddresses.name, Lives: 4,
		stage: staging{fault: hungAfterTLS, scope: ipAddresses, services: 50}})
}
