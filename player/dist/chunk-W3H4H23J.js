var r=["semantic","structure","texture"],t=["text-only","text+sketch","three-layer"];function n(e){return e.structure?.kind==="strokes"?e.structure:null}export{r as a,t as b,n as c};
