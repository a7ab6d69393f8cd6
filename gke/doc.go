// Package gke finds a cluster, by kubeconfig or by name, and says what stands in the way
// to it.
//
// It is the door; everything that opens a socket lies in the rooms behind it, by whom it
// talks to:
//
//	google            Google's APIs: what they tell of the cluster, and which clusters there are
//	kube              the API server: lists and reads
//	dial              the API server and webhooks: questions, and who answers what
//	plugin            the credential plugin of a kubeconfig
//	origin, requests  how all of these send: to nobody else, and on record
//	poll              the sources of a watched upgrade, again and again
//	store, shelf      where reports are kept, and how
//	notify, push      who is told: chats, queues, a Pushgateway
//	gketest           Google's APIs as tests serve them
package gke
