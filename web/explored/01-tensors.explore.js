// Written by web/explored.py.
course.loaded("01-tensors.explore", {"controls":[{"name":"a","label":"shape of a","text":"8, 1, 6, 1"},{"name":"b","label":"shape of b","text":"7, 1, 5"}],"script":"shapes","of":{"code":"75b630f224c9c4fb","modules":"22e9f80b47a7c612"}});
