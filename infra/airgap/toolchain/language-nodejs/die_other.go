//go:build !linux

package main

import "syscall"

// dieWithHost changes nothing: only Linux can tie a program's life to its parent's.
func dieWithHost() *syscall.SysProcAttr {
	return nil
}
