package main

import "syscall"

// dieWithHost has the kernel kill the program when the thread that started it ends.
func dieWithHost() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
